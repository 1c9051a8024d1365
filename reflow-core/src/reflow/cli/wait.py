"""``wait``: until a run is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.follow import wait_for
from reflow.cli.options import Basics, run_parser, seconds
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_run_alone

if TYPE_CHECKING:
    from reflow.graph.definition import Definition


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``wait``."""
    about = "Wait until a run is over; exit with 1 if it failed or was cancelled."
    return run_parser(prog, about, _add_own, selectors=False)


def _add_own(basics: Basics) -> None:
    basics.add_argument("--timeout", type=seconds, metavar="SECONDS", help="wait no longer, and exit with 1")


def run(call: Call) -> int:
    """Wait until a run is over."""
    run = open_run_alone(call)
    if call.options.quiet:
        call.say(run.id)
    return wait_for(call, run, call.options.timeout)
