"""Asking before something is done that cannot be undone."""

from __future__ import annotations

import sys

from reflow.cli.call import Call, write
from reflow.cli.parser import CommandParser
from reflow.errors import UsageError


def add_yes(parser: CommandParser) -> None:
    """Add the option to do it unasked."""
    parser.basics.add_argument("--yes", action="store_true", help="do it without asking")


def is_confirmed(call: Call, plan: str) -> bool:
    """Say what would be done and return whether the user wants that.

    Args:
        plan: Begins with a verb: ``forget 3 results``.

    Raises:
        UsageError: There is nobody to ask, and ``--yes`` was not typed.
    """
    if call.options.yes:
        call.hint(plan)
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"there is nobody to ask whether to {plan}\nto do it unasked, add: --yes")
    write(sys.stderr, plan)
    print("do that? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
