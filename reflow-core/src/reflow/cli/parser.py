"""The parser of one command; only the command that was typed gets one."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

from reflow.errors import UsageError
from reflow.graph.flags import ANY_PARAMETER
from reflow.view.words import quoted

_UNKNOWN = "unrecognized arguments: "  # how argparse begins to say so


class CommandParser(argparse.ArgumentParser):
    """A parser that never guesses an abbreviated flag, and says what is wrong by raising `UsageError`."""

    def __init__(self, prog: str, description: str, usage: str = "[options]") -> None:
        super().__init__(
            prog=prog,
            usage=literal(f"{prog} {usage}"),
            description=description,
            allow_abbrev=False,
            add_help=False,
            formatter_class=_Formatter,
            argument_default=None,
        )
        self._basics: argparse._ArgumentGroup | None = None
        self._words: Sequence[str] = ()

    @property
    def basics(self) -> argparse._ArgumentGroup:
        """The group of reflow's own options."""
        if self._basics is None:
            self._basics = self.add_argument_group("options")
        return self._basics

    def add_basics(self) -> None:
        """Add the options that every command has; the last thing to add, so that help shows them last."""
        self.basics.add_argument("--no-color", action="store_true", help="write without colour")
        self.basics.add_argument("-h", "--help", action="help", help="show this and do nothing")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return what was typed, options between other words too; the words are kept, for what is said of them."""
        self._words = args or ()
        return self.parse_intermixed_args(args, namespace)

    def flags(self) -> set[str]:
        """Return every flag that it knows by now."""
        return set(self._option_string_actions)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found wrong."""
        message = re.sub(rf"/{ANY_PARAMETER}[\w-]+", "", message.removeprefix("argument "))
        if "expected" in message and "argument" in message:
            message += " (a value that begins with '-' is written --flag=-value)"
        unknown = message.removeprefix(_UNKNOWN) if message.startswith(_UNKNOWN) else ""
        if instead := self._parameter_meant(unknown or message.partition(":")[0].rpartition("/")[2]):
            message += f"\n{instead}"
        elif unknown:
            message += self._meant(unknown)
        raise UsageError(f"{message}\nsee: {self.prog} --help")

    def _parameter_meant(self, refused: str) -> str:
        """Return what to type for a parameter that is called like the option of reflow that the words are about."""
        for word, after in zip(self._words, [*self._words[1:], ""], strict=False):
            flag, assigned, value = word.partition("=")
            own = flag.replace("--", ANY_PARAMETER, 1)
            action = self._option_string_actions.get(own)
            is_refused = any(each and f" {each} " in f" {refused} " for each in (word, flag, after))
            if action is None or flag in action.option_strings or not is_refused:
                continue
            if action.nargs == 0:
                given = own
            elif assigned:
                given = f"{own}={value}"
            else:
                given = own if after.startswith("-") or not after else f"{own} {quoted(after)}"
            return f"{flag} is kept for reflow itself; for the parameter type: {given}"
        return ""

    def _meant(self, unknown: str) -> str:
        """Return which flag was probably meant by the first word that looks like one, for the message."""
        from reflow.define.names import nearest

        flag = next((word.partition("=")[0] for word in unknown.split() if word.startswith("--")), "")
        near = nearest(flag, sorted(self.flags())) if flag else None
        return f"; did you mean {near}?" if near else ""


def literal(text: str) -> str:
    """Return a text that argparse will show as it is: to it, ``%`` is a format."""
    return text.replace("%", "%%")


class _Formatter(argparse.HelpFormatter):
    """Help as argparse writes it, but for what would cost start-up time, and for forms of flags that nobody types."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=_width())

    def _format_action_invocation(self, action: argparse.Action) -> str:
        shown = [flag for flag in action.option_strings if not flag.startswith(ANY_PARAMETER)]
        if not shown or len(shown) == len(action.option_strings):
            return super()._format_action_invocation(action)
        metavar = "" if action.nargs == 0 else " " + self._format_args(action, action.dest.upper())
        return ", ".join(shown) + metavar

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines; what textwrap does takes three times as long as the rest of help."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return lines


@cache
def _width() -> int:
    """Return how wide help may be, without shutil, which costs more than the rest of help."""
    try:
        return max(40, min(100, int(os.environ.get("COLUMNS") or os.get_terminal_size().columns) - 2))
    except (ValueError, OSError):
        return 78
