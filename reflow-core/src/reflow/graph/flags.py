"""Which flags a parameter has on the command line, and which names reflow keeps for its own options."""

from __future__ import annotations

RESERVED = frozenset({
    "run_dir", "executor", "store", "profile", "force", "force_tasks", "verify", "dry_run", "wait",
    "params", "help", "json", "quiet", "verbose", "detach", "workers", "run", "since", "task", "status",
    "index", "run_id", "no_color",
})  # fmt: skip
"""Names of reflow's own options: a parameter of such a name is ``--param-NAME``."""

RESERVED_SHORT = frozenset({"-h", "-q", "-v"})

ANY_PARAMETER = "--param-"  #: begins a flag that every parameter has besides its own


def flag_of(key: str) -> str:
    """Return the flag of a parameter: ``--start``, or ``--param-wait`` where reflow has an option of that name."""
    return _own_or_any(key.replace("_", "-"))


def flags_that_give(key: str) -> list[str]:
    """Return every long flag of a parameter that gives its value, the one to show first."""
    return list(dict.fromkeys([flag_of(key), ANY_PARAMETER + key.replace("_", "-")]))


def flags_that_deny(key: str) -> list[str]:
    """Return every flag of a switch that says no, the one to show first: ``--no-x``, ``--param-no-x``."""
    return list(dict.fromkeys(map(_negative, flags_that_give(key))))


def _negative(flag: str) -> str:
    if flag.startswith(ANY_PARAMETER):
        return f"{ANY_PARAMETER}no-{flag.removeprefix(ANY_PARAMETER)}"
    return _own_or_any(f"no-{flag.removeprefix('--')}")


def _own_or_any(dashed: str) -> str:
    return ANY_PARAMETER + dashed if dashed.replace("-", "_") in RESERVED else f"--{dashed}"
