"""``advance``: one pass over a run; a run whose driver is gone is driven to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.follow import go_on
from reflow.cli.options import add_output_options, add_run_options
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_run_alone

if TYPE_CHECKING:
    from reflow.graph.definition import Definition


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``advance``."""
    parser = CommandParser(
        prog, "Take a run one step on, or drive it when its driver is gone.", "RUN [options]"
    )
    add_run_options(parser, selectors=False)
    parser.basics.add_argument("--workers", type=int, metavar="N", help="how many local workers run at once")
    parser.basics.add_argument("--detach", action="store_true", help="go on without this terminal")
    parser.basics.add_argument("--wait", action="store_true", help="wait until the run is over")
    add_output_options(parser)
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """Advance a run, also one that is held."""
    from reflow.run.release import release

    run = open_run_alone(call)
    if call.options.quiet:
        call.say(run.id)
    release(run)
    if not run.is_resident:
        from reflow.run.advance import advance

        advance(run, wait=True)  # whoever types this has the time that certainty takes
    return go_on(call, run)
