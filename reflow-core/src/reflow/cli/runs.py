"""``runs``: the runs of a workflow, or all."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call, absolute
from reflow.cli.options import add_output_options, add_store_options, number_from
from reflow.cli.parser import CommandParser
from reflow.errors import ReflowError

if TYPE_CHECKING:
    from reflow.compose.runs import KnownRun
    from reflow.config.settings import Settings
    from reflow.graph.definition import Definition

_SHOWN = 20


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``runs``."""
    parser = CommandParser(prog, "List runs, newest first.")
    parser.basics.add_argument(
        "-n", "--number", type=number_from(1), metavar="N", help=f"show the newest N (else {_SHOWN})"
    )
    parser.basics.add_argument("--all", action="store_true", help="show all, of whatever workflow")
    add_store_options(parser)
    add_output_options(parser)
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """List runs."""
    from reflow.compose.runs import known_runs

    options = call.options
    workflow = None if call.workflow is None or options.all else call.workflow.name
    run_dir = absolute(options.run_dir) if options.run_dir else None
    known = known_runs(call.settings, workflow=workflow, run_dir=run_dir)
    shown = known[: options.number or (None if options.all else _SHOWN)]
    if options.quiet:
        for entry in shown:
            call.say(entry.run_id)
        return 0
    facts = [_facts(call.settings, entry) for entry in shown]
    if options.json:
        call.facts(facts)
    elif not facts:
        call.hint("no runs yet" if workflow is None else f"no runs of {workflow} yet")
    else:
        from reflow.view.runs import runs_text

        call.say(runs_text(facts, call.screen(), time.time()))
        if len(shown) < len(known):
            call.hint(f"{len(known) - len(shown)} older ones: {call.typed('runs', '--all')}")
    return 0


def _facts(settings: Settings, known: KnownRun) -> dict[str, Any]:
    """Return a run in a few facts; what cannot be read is None."""
    from reflow.compose.runs import open_known
    from reflow.run.clock import iso
    from reflow.run.summary import read_summary

    facts: dict[str, Any] = {"run_id": known.run_id, "workflow": known.workflow, "run_dir": known.run_dir}
    facts |= {"created_at": iso(known.created), "state": None, "done": None, "total": None}
    facts |= {"executor": None, "parameters": {}}
    try:
        with contextlib.closing(open_known(known, settings)) as run:
            return facts | read_summary(run)
    except ReflowError:
        return facts
