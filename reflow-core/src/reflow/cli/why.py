"""``why``: why instances ran, were reused, wait, failed, were skipped or cancelled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.options import run_parser
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_target, selectors_of, target_of

if TYPE_CHECKING:
    from reflow.graph.definition import Definition


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``why``."""
    return run_parser(
        prog, "Why instances of a run ran, were reused, wait, failed, were skipped or cancelled."
    )


def run(call: Call) -> int:
    """Explain the instances that are meant, else all; of those of a task in one state, the first."""
    from reflow.run.look import heal
    from reflow.run.why import why

    target = target_of(call)
    run = open_target(call, target)
    scopes = selectors_of(run, target)
    heal(run)
    told = [one.facts() for one in why(run, scopes)]
    if call.options.json:
        call.facts(told)
    elif call.options.quiet:
        call.say(run.id)
    elif not told:
        call.hint("no instance fits")
    else:
        from reflow.view.why import why_text

        def typed(command: str, *words: str) -> str:
            return call.typed(command, *words, run=run.id)

        call.say(why_text(told, call.screen(), time.time(), typed))
    return 0
