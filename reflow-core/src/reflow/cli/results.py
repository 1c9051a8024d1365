"""``results``: what the tasks of a run returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call
from reflow.cli.options import run_parser
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_target, selectors_of, target_of
from reflow.errors import StoreError

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.run.opened import OpenRun
    from reflow.rundir.control import Scope

_ROOM = 100_000  #: characters of one value that are printed


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``results``."""
    return run_parser(prog, "What the tasks of a run returned.")


def run(call: Call) -> int:
    """Print what tasks returned; instances without a result are left out, in JSON they are null.

    Where the results of some tasks cannot be read, those of the others are printed all the same; JSON is whole or none.
    """
    target = target_of(call)
    run = open_target(call, target)
    scopes = selectors_of(run, target)
    tasks = list(dict.fromkeys(scope.task for scope in scopes if scope.task)) or list(run.graph.tasks)
    found, lost = _read(run, tasks, scopes)
    if lost and (call.options.json or not found):
        raise next(iter(lost.values()))
    if call.options.json:
        call.facts({task: _facts(run, task, values) for task, values in found.items()})
        return 0
    for task, values in found.items():
        _show(call, run, task, values)
    for task, why in lost.items():
        call.hint(f"{task}: {why}")
    if not (lost or any(found.values())):
        call.hint(_why_nothing(call, run, tasks))
    return StoreError.exit_code if lost else 0


def _read(
    run: OpenRun, tasks: list[str], scopes: list[Scope]
) -> tuple[dict[str, dict[int, Any]], dict[str, StoreError]]:
    """Return what tasks returned, and for those of which that cannot be read, why."""
    found: dict[str, dict[int, Any]] = {}
    lost: dict[str, StoreError] = {}
    for task in tasks:
        try:
            found[task] = _values(run, task, scopes)
        except StoreError as error:
            lost[task] = error
    return found, lost


def _values(run: OpenRun, task: str, scopes: list[Scope]) -> dict[int, Any]:
    from reflow.run.results import results
    from reflow.run.select import by_index

    named = [scope for scope in scopes if scope.task == task]
    values = results(run, task)
    if not named:
        return values
    wanted = by_index(run, named)
    return {index: value for index, value in values.items() if any(s.covers(task, index) for s in wanted)}


def _facts(run: OpenRun, task: str, values: dict[int, Any]) -> object:
    from reflow.view.plain_json import plain_json

    if not run.graph.tasks[task].array:
        return plain_json(values[0]) if 0 in values else None
    width = run.ledger.overview().tasks[task].total
    return None if width is None else [plain_json(values.get(index)) for index in range(width)]


def _why_nothing(call: Call, run: OpenRun, tasks: list[str]) -> str:
    known = run.ledger.overview().tasks
    if all(known[task].total == 0 for task in tasks):
        return f"{', '.join(tasks)}: no instances, since the list was empty"
    state = run.ledger.overview().state
    told = f"no results of that in run {run.id} ({state.value})" if state.is_over else "no results yet"
    return f"{told}; see: {call.typed('status', run=run.id)}"


def _show(call: Call, run: OpenRun, task: str, values: dict[int, Any]) -> None:
    from reflow.values.show import show

    for index, value in values.items():
        name = f"{task}[{index}]" if run.graph.tasks[task].array else task
        call.say(name if call.options.quiet else f"{name}  {show(value, _ROOM)}")
