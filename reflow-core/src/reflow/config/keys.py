"""Every setting: its name, its kind, its environment variable, its default."""

from __future__ import annotations

from reflow.define.names import nearest
from reflow.model.named_tuple import NamedTuple


class Key(NamedTuple):
    """One setting.

    Attributes:
        name: Table and key of the configuration file, joined by a dot.
        variable: The environment variable that sets it.
        kind: ``text``, ``count`` (a whole number from 1), ``path`` (``~`` and ``$VAR`` are expanded),
            ``address`` (a path unless it is a URL), ``time`` and ``mem`` (as tasks say them), or ``words`` (one of
            ``words``).
    """

    name: str
    variable: str
    kind: str
    help: str
    default: str | int | None = None
    words: tuple[str, ...] = ()


_ALL = (
    Key("executor.name", "REFLOW_EXECUTOR", "text", "which executor runs the tasks"),
    Key("executor.mode", "REFLOW_MODE", "text", "the same, with sbatch for slurm; or dry-run"),
    Key("executor.partition", "REFLOW_PARTITION", "text", "of tasks that name none"),
    Key("executor.account", "REFLOW_ACCOUNT", "text", "of tasks that name none"),
    Key("executor.qos", "REFLOW_QOS", "text", "of tasks that name none"),
    Key("executor.python", "REFLOW_PYTHON", "path", "the interpreter of the workers"),
    Key("executor.workers", "REFLOW_WORKERS", "count", "how many local workers run at once"),
    Key("defaults.run_dir", "REFLOW_RUN_DIR", "path", "the run directory when none is given"),
    Key(
        "defaults.code",
        "REFLOW_CODE",
        "words",
        "what changed code does to reuse, of tasks that say nothing",
        "warn",
        ("warn", "auto", "version"),
    ),
    Key("store.url", "REFLOW_STORE", "address", "where results are kept"),
    Key("server.url", "REFLOW_SERVER", "text", "a server for workflows (not there yet)"),
    Key(
        "dispatch.mode",
        "REFLOW_DISPATCH_MODE",
        "words",
        "who advances a run on a cluster",
        "inline",
        ("inline", "watchdog", "poke"),
    ),
    Key("dispatch.partition", "REFLOW_DISPATCH_PARTITION", "text", "of reflow's own small jobs"),
    Key("dispatch.account", "REFLOW_DISPATCH_ACCOUNT", "text", "of reflow's own small jobs"),
    Key("dispatch.time", "REFLOW_DISPATCH_TIME", "time", "time limit of reflow's own small jobs"),
    Key("dispatch.mem", "REFLOW_DISPATCH_MEM", "mem", "memory of reflow's own small jobs"),
)

KEYS = {key.name: key for key in _ALL}

PROFILE_VARIABLE = "REFLOW_PROFILE"


def meant_by(name: str) -> str:
    """Return what was probably meant by a key that nobody knows, for the message: by its section, then by its name."""
    section, _, own = name.partition(".")
    sections = _sections()
    if section in sections and not own:
        return f"; [{section}] is a section, of: {', '.join(sections[section])}"
    near = nearest(section, sections) if own else None
    for place in [near] if near else sections:
        if found := nearest(own or section, sections[place]):
            return f"; did you mean '{place}.{found}'?"
    if near == section:
        return f"; [{section}] has: {', '.join(sections[section])}"
    return f"; did you mean the section [{near}]?" if near else f" (sections: {', '.join(sections)})"


def _sections() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in KEYS:
        section, _, own = name.partition(".")
        found.setdefault(section, []).append(own)
    return found
