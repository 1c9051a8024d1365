"""Options that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TypeAlias

from reflow.cli.parser import CommandParser
from reflow.errors import UsageError

Basics: TypeAlias = "argparse._ArgumentGroup"  #: the group of reflow's own options


def add_store_options(parser: CommandParser) -> None:
    """Add where runs and results are."""
    basics = parser.basics
    basics.add_argument("--run-dir", type=filled, metavar="DIR", help="the run directory")
    basics.add_argument(
        "--store", type=filled, metavar="ADDRESS", help="where results and the list of runs are kept"
    )
    basics.add_argument("--profile", type=filled, metavar="NAME", help="a profile of the configuration file")


def add_run_options(parser: CommandParser, *, selectors: bool = True) -> None:
    """Add what names a run and, if it makes sense, some of its instances."""
    what = "RUN, TASK or 'TASK[3,5:9]'" if selectors else "RUN"
    parser.add_argument(
        "words", nargs="*", metavar=what, help=f"{_RUN} {_SELECTOR if selectors else ''}".strip()
    )
    parser.basics.add_argument("--run", metavar="RUN", help="the run, if its name could be taken for a task")
    add_store_options(parser)


def run_parser(
    prog: str, about: str, add_own: Callable[[Basics], None] | None = None, *, selectors: bool = True
) -> CommandParser:
    """Return the parser of a command about a run and, if it makes sense, some of its instances.

    Args:
        about: What the command does, in one sentence.
        add_own: Adds the options that only this command has.
    """
    parser = CommandParser(prog, about, f"[RUN] {'[TASK ...] ' if selectors else ''}[options]")
    add_run_options(parser, selectors=selectors)
    if add_own is not None:
        add_own(parser.basics)
    add_output_options(parser)
    parser.add_basics()
    return parser


def add_output_options(parser: CommandParser) -> None:
    """Add how to answer."""
    parser.basics.add_argument("--json", action="store_true", help="print facts as JSON")
    parser.basics.add_argument("-q", "--quiet", action="store_true", help="print ids alone")


def filled(text: str) -> str:
    """Return a text that is not empty, as that of a shell's variable is which nobody set."""
    if not text:
        raise argparse.ArgumentTypeError("the text is empty; leave the option out to mean the default")
    return text


def seconds(text: str) -> float:
    """Return a number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def number_from(least: int) -> Callable[[str], int]:
    """Return what reads a whole number that is not below ``least``."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least}")
        return int(text)

    return read


def refuse_together(option: str, others: Mapping[str, object], why: str) -> None:
    """Refuse what would not be heeded beside an option.

    Args:
        others: What was typed beside it, or something false, by how it is written.
        why: What the option does, as the reason.

    Raises:
        UsageError: Something was.
    """
    if typed := [word for word, given in others.items() if given]:
        raise UsageError(f"{option} {why}, so {typed[0]} has no meaning beside it; leave one of them out")


_RUN = "any unique part of a run's id, or @last; without it the newest run of this workflow."
_SELECTOR = "A word that is a task or has a '[' selects instances: convert, 'convert[17]', 'convert[failed]'"
