"""Every command: its name, the module that carries it out, and one line of help."""

from __future__ import annotations

from reflow.model.named_tuple import NamedTuple

FLOW, ANY_RUN, BOTH = "flow", "reflow", "both"


class Command(NamedTuple):
    """One command.

    Attributes:
        module: The module of `reflow.cli` that has its ``add_options`` and its ``run``.
        where: Whether ``python flow.py`` has it, ``reflow`` has it, or both.
    """

    name: str
    module: str
    help: str
    where: str = BOTH


_ALL = (
    Command("check", "check", "look for everything that does not fit, and run nothing", FLOW),
    Command("submit", "submit", "start a run", FLOW),
    Command("status", "status", "how a run stands"),
    Command("wait", "wait", "wait until a run is over; the exit code says how it ended"),
    Command("cancel", "cancel", "end a run, a task or some of its instances"),
    Command("retry", "retry", "run again what failed, was cancelled or was skipped"),
    Command("verify", "verify", "check what a run has kept, and change nothing"),
    Command("invalidate", "invalidate", "forget results of a run, and what it built on them"),
    Command("runs", "runs", "list runs"),
    Command("results", "results", "what the tasks of a run returned"),
    Command("logs", "logs", "what the tasks of a run printed"),
    Command("why", "why", "why instances ran, were reused, wait, failed or were skipped"),
    Command("accept", "accept", "take results for good that other code of a task made"),
    Command("dag", "dag", "draw the tasks and what joins them"),
    Command("describe", "describe", "the workflow as JSON"),
    Command("advance", "advance", "take a run one step on, or drive it when its driver is gone", ANY_RUN),
    Command("plugins", "plugins", "list the plugins that are installed", ANY_RUN),
    Command("store", "store", "look after the store: info, gc, rebuild", ANY_RUN),
    Command("config", "config", "show each setting and where it comes from", ANY_RUN),
)

COMMANDS = {command.name: command for command in _ALL}

NOT_YET = frozenset(
    (
        *("register", "list", "inspect", "delete"),
        *("watch", "report", "doctor"),
    )
)


def commands_of(where: str) -> list[Command]:
    """Return the commands of ``python flow.py`` (``FLOW``) or of ``reflow`` (``ANY_RUN``), in the order of help."""
    return [command for command in _ALL if command.where in (where, BOTH)]
