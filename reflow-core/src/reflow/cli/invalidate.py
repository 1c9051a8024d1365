"""``invalidate``: forget results, and what was built on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.confirm import add_yes, is_confirmed
from reflow.cli.options import add_output_options, add_run_options
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_target, selectors_of, target_of
from reflow.errors import UsageError
from reflow.view.words import elements, plural

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.run.invalidate import Forgotten, Rows
    from reflow.run.opened import OpenRun


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``invalidate``."""
    about = "Forget results of a run and what it built on them, so that the next submit makes them again."
    parser = CommandParser(prog, about, "[RUN] TASK ... [options]")
    add_run_options(parser)
    add_yes(parser)
    add_output_options(parser)
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """Say what would be forgotten, ask, and forget it."""
    from reflow.run.invalidate import forget, to_forget

    target = target_of(call)
    run = open_target(call, target)
    if not target.selectors:
        raise UsageError(
            f"which results are to be forgotten? type: {call.typed('invalidate', 'TASK', run=target.run)}"
        )
    forgotten = to_forget(run, selectors_of(run, target))
    if not forgotten.chosen:
        call.hint(f"run {run.id} has no results of {' '.join(target.selectors)}: nothing was forgotten")
        done = False
    elif done := is_confirmed(call, _plan(run, forgotten)):
        forget(run, forgotten)
        call.hint("forgotten; the next submit makes them again")
    else:
        call.hint("nothing was forgotten")
    _answer(call, run, forgotten, done=done)
    return 0


def _plan(run: OpenRun, forgotten: Forgotten) -> str:
    chosen, built_on = forgotten
    plan = f"forget {_count(chosen)} of run {run.id}: {_named(run, chosen)}"
    return (
        f"{plan}\nand {_count(built_on)} that it built on that: {_named(run, built_on)}" if built_on else plan
    )


def _count(rows: Rows) -> str:
    return plural(sum(map(len, rows.values())), "result")


def _named(run: OpenRun, rows: Rows) -> str:
    tasks = run.graph.tasks
    return ", ".join(
        elements(name, (row.index for row in found), array=tasks[name].array) for name, found in rows.items()
    )


def _answer(call: Call, run: OpenRun, forgotten: Forgotten, *, done: bool) -> None:
    chosen, built_on = forgotten
    if call.options.json:
        call.facts(
            {"run_id": run.id, "done": done, "forgotten": _indices(chosen), "built_on": _indices(built_on)}
        )
    elif call.options.quiet and done:
        call.say(run.id)


def _indices(rows: Rows) -> dict[str, list[int]]:
    return {name: [row.index for row in found] for name, found in rows.items()}
