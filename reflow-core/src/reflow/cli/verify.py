"""``verify``: whether what a run has kept still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.options import run_parser
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_target, selectors_of, target_of
from reflow.view.words import elements, plural

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.run.opened import OpenRun
    from reflow.run.verify import Finding

HOLDS, DOES_NOT = 0, 1
NOTHING = "nothing to check, since no such output is kept"


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``verify``."""
    return run_parser(
        prog, "Check what a run has kept, and change nothing; ends with 1 if something does not hold."
    )


def run(call: Call) -> int:
    """Say which outputs do not hold, and why."""
    from reflow.run.verify import verify_run

    target = target_of(call)
    run = open_target(call, target)
    found = verify_run(run, selectors_of(run, target))
    stale = [one for one in found if not one.verdict.holds]
    if call.options.json:
        call.facts({"run_id": run.id, "checked": len(found), "stale": [_facts(one) for one in stale]})
    else:
        _show(call, run, stale, len(found))
    return DOES_NOT if stale else HOLDS


def _show(call: Call, run: OpenRun, stale: list[Finding], checked: int) -> None:
    for one in stale:
        name = elements(one.task, [one.index], array=run.graph.tasks[one.task].array)
        call.say(name if call.options.quiet else f"{name}  {one.verdict.reason}")
    if stale:
        what = "does not hold" if len(stale) == 1 else "do not hold"
        call.hint(f"{len(stale)} of {plural(checked, 'output')} of run {run.id} {what}")
    elif not call.options.quiet:
        told = f"{plural(checked, 'output')} checked, all hold" if checked else NOTHING
        call.say(f"run {run.id}: {told}")


def _facts(one: Finding) -> dict[str, object]:
    task, index, verdict = one
    return {"task": task, "index": index, "reason": verdict.reason, "missing": verdict.missing}
