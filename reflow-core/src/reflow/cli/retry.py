"""``retry``: run again what did not succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.follow import go_on, wait_for
from reflow.cli.options import Basics, run_parser
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_target, selectors_of, target_of

if TYPE_CHECKING:
    from reflow.graph.definition import Definition


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``retry``."""
    return run_parser(prog, "Run again what failed, was cancelled or was skipped.", _add_own)


def _add_own(basics: Basics) -> None:
    basics.add_argument("--no-verify", action="store_true", help="trust the kept outputs that it builds on")
    basics.add_argument("--workers", type=int, metavar="N", help="how many local workers run at once")
    basics.add_argument("--detach", action="store_true", help="go on without this terminal")
    basics.add_argument("--wait", action="store_true", help="wait until the run is over")


def run(call: Call) -> int:
    """Open new attempts for what is meant, and go on with the run."""
    from reflow.run.retry import retry
    from reflow.run.status import read_status

    target = target_of(call)
    run = open_target(call, target)
    report = retry(run, selectors_of(run, target), verify=not call.options.no_verify)
    if call.options.quiet:
        call.say(run.id)
    else:
        call.hint(report.message)
    if report.needs_driver:
        return go_on(call, run, report.message.splitlines())
    if report.reopened and (call.options.wait or (run.is_resident and not call.options.detach)):
        return wait_for(call, run)  # somebody else drives it
    if report.reopened:
        call.hint(f"follow it with: {call.typed('wait', run=run.id)}")
    if call.options.json:
        call.facts(read_status(run))
    return 0
