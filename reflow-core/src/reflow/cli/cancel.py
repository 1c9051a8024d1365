"""``cancel``: end a run, a task or some of its instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call, absolute
from reflow.cli.options import run_parser
from reflow.cli.parser import CommandParser
from reflow.cli.target import Target, open_target, selectors_of, target_of
from reflow.errors import UnknownRun, UsageError

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.run.opened import OpenRun


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``cancel``."""
    return run_parser(prog, "End a run, a task or some of its instances.")


def run(call: Call) -> int:
    """Cancel what is meant, and say what became of it."""
    from reflow.run.cancel import cancel

    target = target_of(call)
    run = _the_active_run(call, target) if target.run is None else open_target(call, target)
    message = cancel(run, selectors_of(run, target))
    if call.options.json:
        call.facts({"run_id": run.id, "message": message})
    elif call.options.quiet:
        call.say(run.id)
    else:
        call.say(message)
    return 0


def _the_active_run(call: Call, target: Target) -> OpenRun:
    """Return the one run of this workflow that goes on; with several, nobody guesses."""
    from reflow.compose.runs import active_runs

    assert call.workflow is not None
    run_dir = call.options.run_dir
    active = active_runs(
        call.settings, workflow=call.workflow.name, run_dir=absolute(run_dir) if run_dir else None
    )
    if not active:
        raise UnknownRun(f"no run of {call.workflow.name} is active; see: {call.typed('runs')}")
    if len(active) > 1:
        which = ", ".join(active)
        raise UsageError(
            f"{len(active)} runs are active: {which}\ntype: {call.typed('cancel', run=active[0])}"
        )
    return open_target(call, target._replace(run=active[0]))
