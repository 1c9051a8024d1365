"""The one table of plugin names that the core knows: defaults, aliases, order, what to install."""

from __future__ import annotations

DEFAULT_STORE = "sqlite"  #: the scheme of a plain path
FALLBACK_EXECUTOR = "local"  #: when no scheduler says that it is available
BUILT_IN_EXECUTOR = "inline"  #: part of the core; never chosen unasked
SCHEDULERS = ("slurm",)  #: tried in this order, then others by name
DRY_RUN = "dry-run"  #: not an executor: print the plan of the one that would be used

ALIASES = {"sbatch": "slurm", "dry_run": DRY_RUN, "dryrun": DRY_RUN}

_PACKAGES = {"local": "reflow-local", "sqlite": "reflow-sqlite", "slurm": "reflow-slurm"}


def plugin_name(word: str) -> str:
    """Return the name of the plugin that a user's word means."""
    return ALIASES.get(word.lower(), word)


def what_to_install(name: str) -> str | None:
    """Return the package that brings a plugin, when it is a known one."""
    return _PACKAGES.get(name)
