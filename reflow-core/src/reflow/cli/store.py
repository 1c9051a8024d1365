"""``store``: looking after the results that runs share and the ledgers of runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.confirm import add_yes
from reflow.cli.options import number_from
from reflow.cli.parser import CommandParser
from reflow.errors import UsageError

if TYPE_CHECKING:
    from reflow.graph.definition import Definition

_ACTIONS = {
    "info": "how much there is of what",
    "gc": "remove what no run of the last days points at",
    "rebuild": "make a damaged store, or the ledger of RUN, anew from run directories",
}
DAYS = 30


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``store``."""
    about = "Look after the store: the results that runs share, and the ledgers of runs."
    parser = CommandParser(prog, about, "info | gc | rebuild [RUN] [options]")
    told = "; ".join(f"{name}: {what}" for name, what in _ACTIONS.items())
    parser.add_argument("action", nargs="?", metavar="ACTION", help=told)
    parser.add_argument("words", nargs="*", metavar="RUN", help="rebuild: the run whose ledger is damaged")
    basics = parser.basics
    basics.add_argument(
        "--older-than",
        type=number_from(0),
        metavar="DAYS",
        help=f"gc: what runs of so many days point at is kept, {DAYS} if nothing is said",
    )
    basics.add_argument(
        "--gone",
        action="append",
        default=[],
        metavar="DIR",
        help="gc: this run directory was deleted for good",
    )
    basics.add_argument(
        "--trust",
        action="store_true",
        help="rebuild: also reuse results of which nobody can tell whether they were invalidated",
    )
    basics.add_argument(
        "--run-dir", action="append", default=[], metavar="DIR", help="a run directory, any number of times"
    )
    basics.add_argument("--store", metavar="ADDRESS", help="where results and the list of runs are kept")
    basics.add_argument("--profile", metavar="NAME", help="a profile of the configuration file")
    add_yes(parser)
    basics.add_argument("--json", action="store_true", help="print facts as JSON")
    parser.add_basics()
    parser.set_defaults(show_help=parser.print_help)
    return parser


def run(call: Call) -> int:
    """Carry out one action; without one, show help."""
    options = call.options
    if options.action is None:
        options.show_help()
        return 0
    _check(options, call.prog)
    run_dirs, options.run_dir = options.run_dir, None  # which is no setting here
    if options.action == "info":
        from reflow.cli.store_info import info

        return info(call)
    if options.action == "gc":
        from reflow.cli.store_gc import gc

        return gc(call, run_dirs, DAYS if options.older_than is None else options.older_than)
    from reflow.cli.store_rebuild import rebuild

    return rebuild(call, run_dirs, options.words[0] if options.words else None)


def _check(options: argparse.Namespace, prog: str) -> None:
    """Refuse what does not go together.

    Raises:
        UsageError: It does not.
    """
    action = options.action
    if action not in _ACTIONS:
        from reflow.define.names import did_you_mean

        raise UsageError(
            f"store has no action {action!r}{did_you_mean(action, list(_ACTIONS))}\nsee: {prog} store --help"
        )
    misplaced = [
        flag
        for flag, given, where in (
            ("RUN", options.words, "rebuild"),
            ("--trust", options.trust, "rebuild"),
            ("--older-than", options.older_than is not None, "gc"),
            ("--gone", options.gone, "gc"),
            ("--yes", options.yes, "gc"),
            ("--run-dir", options.run_dir and action == "info", "gc and rebuild"),
        )
        if given and action not in where
    ]
    if misplaced:
        raise UsageError(f"store {action} takes no {misplaced[0]}\nsee: {prog} store --help")
    if len(options.words) > 1:
        raise UsageError(f"store rebuild takes one run, and {len(options.words)} are named")
