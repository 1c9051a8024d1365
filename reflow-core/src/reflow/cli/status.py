"""``status``: how a run stands, or the instances of some of its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call
from reflow.cli.follow import exit_code, show_status, wait_for
from reflow.cli.options import Basics, refuse_together, run_parser
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_target, selectors_of, target_of

if TYPE_CHECKING:
    from collections.abc import Container

    from reflow.graph.definition import Definition
    from reflow.model.records import InstanceRow
    from reflow.run.opened import OpenRun
    from reflow.rundir.control import Scope


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``status``."""
    return run_parser(prog, "How a run stands.", _add_own)


def _add_own(basics: Basics) -> None:
    basics.add_argument("--failed", action="store_true", help="list only the instances that failed")
    basics.add_argument("--watch", action="store_true", help="follow the run until it is over")
    basics.add_argument("--exit-code", action="store_true", help="exit with 1 if it failed or was cancelled")


def run(call: Call) -> int:
    """Show how a run stands."""
    target = target_of(call)
    if call.options.watch:
        others = {"--failed": call.options.failed, **dict.fromkeys(target.selectors, True)}
        refuse_together("--watch", others, "follows the whole run")
    run = open_target(call, target)
    selectors = selectors_of(run, target)
    if call.options.watch:
        if call.options.quiet:
            call.say(run.id)
        return wait_for(call, run)
    status = _look(run)
    if selectors or call.options.failed:
        return _show_instances(call, run, selectors)
    if call.options.quiet:
        call.say(run.id)
    else:
        show_status(call, run, status)
    return exit_code(status) if call.options.exit_code else 0


def _look(run: OpenRun) -> dict[str, Any]:
    from reflow.run.look import look

    return look(run)


def _read(run: OpenRun) -> dict[str, Any]:
    from reflow.run.status import read_status

    return read_status(run)


def _show_instances(call: Call, run: OpenRun, selectors: list[Scope]) -> int:
    rows = instance_rows(run, selectors, failed=call.options.failed)
    if call.options.json:
        call.facts(rows)
    elif call.options.quiet:
        for row in rows:
            call.say(_name(row))
    else:
        call.say(_listed(call, run, rows, selectors))
    return exit_code(_read(run)) if call.options.exit_code else 0


def _listed(call: Call, run: OpenRun, rows: list[dict[str, Any]], selectors: list[Scope]) -> str:
    from reflow.view.instances import instances_text, no_instances_text

    named = {scope.task for scope in selectors} or (set() if rows else set(run.graph.tasks))
    parts = [instances_text(rows, call.screen())] if rows else []
    if without := named - {row["task"] for row in rows}:
        parts.append(no_instances_text(_never_known(run, without), call.screen()))
    return "\n".join(filter(None, parts)) or "no instance fits"


def _never_known(run: OpenRun, tasks: Container[str | None]) -> dict[str, Any]:
    """Return how tasks stand whose instances are not known, or never became known."""
    from reflow.model.states import TaskState

    known = run.ledger.overview().tasks
    return {
        name: task
        for name, task in _read(run)["tasks"].items()
        if name in tasks and known[name].state is not TaskState.EXPANDED
    }


def _name(row: dict[str, Any]) -> str:
    return f"{row['task']}[{row['index']}]" if row["array"] else str(row["task"])


def instance_rows(run: OpenRun, selectors: list[Scope], *, failed: bool) -> list[dict[str, Any]]:
    """Return how the instances stand that are meant, in the order of the tasks."""
    return [
        {
            "task": name,
            "index": row.index,
            "array": run.graph.tasks[name].array,
            "state": row.state.value,
            "attempt": row.attempt,
            "reason": row.reason,
        }
        for name in run.graph.tasks
        for row in _rows_of(run, name, selectors, failed=failed)
    ]


def _rows_of(run: OpenRun, task: str, selectors: list[Scope], *, failed: bool) -> list[InstanceRow]:
    from reflow.run.select import meant
    from reflow.rundir.control import Scope

    named = [scope for scope in selectors or [Scope()] if scope.task in (None, task)]
    scopes = [scope._replace(state=scope.state or ("failed" if failed else None)) for scope in named]
    found = {row.index: row for scope in scopes for row in meant(run, scope, task)}
    return [found[index] for index in sorted(found)]
