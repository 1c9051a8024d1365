"""One command as it was typed, and how it answers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from reflow.cli.commands import ANY_RUN, COMMANDS
from reflow.view.words import quoted

if TYPE_CHECKING:
    import argparse

    from reflow.config.settings import Settings
    from reflow.graph.definition import Definition
    from reflow.view.screen import Screen


class Call:
    """One command as it was typed.

    Attributes:
        prog: What was typed before the command: ``python flow.py``, or ``reflow``.
        workflow: The workflow whose script was called; None for ``reflow``.
        options: What was typed after the command.
    """

    def __init__(
        self, prog: str, command: str, workflow: Definition | None, options: argparse.Namespace
    ) -> None:
        self.prog = prog
        self.command = command
        self.workflow = workflow
        self.options = options
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """The settings, with what was typed on top."""
        if self._settings is None:
            from reflow.config.settings import load_settings

            self._settings = load_settings(getattr(self.options, "profile", None), self._given())
        return self._settings

    def _given(self) -> dict[str, str | int | None]:
        words = {
            "executor.name": "executor",
            "executor.workers": "workers",
            "store.url": "store",
            "defaults.run_dir": "run_dir",
        }
        return {setting: getattr(self.options, word, None) for setting, word in words.items()}

    def typed(self, command: str, *words: str, run: str | None = None) -> str:
        """Return the full line of another command, ready to paste; it means the same directory, store and profile."""
        parts = [command, *([run] if run else []), *words]
        for flag in ("run_dir", "store", "profile"):
            value = getattr(self.options, flag, None)
            if value and not (flag == "run_dir" and self.command == "submit"):
                parts += [f"--{flag.replace('_', '-')}", value]
        prog = "reflow" if COMMANDS[command].where == ANY_RUN else self.prog
        return " ".join([prog, *map(quoted, parts)])

    def screen(self, stream: TextIO | None = None) -> Screen:
        """Return how to write to a stream (default: stdout)."""
        from reflow.view.screen import screen_for

        screen = screen_for(stream or sys.stdout)
        return screen._replace(colour=False) if getattr(self.options, "no_color", False) else screen

    def say(self, text: str) -> None:
        """Write data to stdout."""
        write(sys.stdout, text)

    def hint(self, text: str) -> None:
        """Write progress or a hint to stderr; ``-q`` silences it."""
        if not getattr(self.options, "quiet", False):
            write(sys.stderr, text)

    def facts(self, value: object) -> None:
        """Write JSON to stdout."""
        import json

        text = json.dumps(value, indent=2, ensure_ascii=False)
        try:
            text.encode(sys.stdout.encoding or "ascii")
        except UnicodeEncodeError:  # what is written for such a letter elsewhere is no JSON
            text = json.dumps(value, indent=2)
        self.say(text)


def write(stream: TextIO, text: str, end: str = "\n") -> None:
    """Write a line to a stream, whatever letters it can show.

    What cannot be shown on stderr is not shown, and a reader that went away is let go of: neither is a reason to
    stop what goes on, nor changes how it ends.
    """
    try:
        _put(stream, f"{text}{end}")
    except BrokenPipeError:
        let_go(stream)
    except OSError:
        if stream is not sys.stderr:
            raise


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    if stream is sys.stderr:
        stream.flush()  # a line does that by itself, but not what moves the cursor


def let_go(stream: TextIO) -> None:
    """Send what a stream still holds nowhere, and all that is to come; else Python fails again when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):  # it is no file
        pass


def absolute(path: str) -> str:
    """Return a path that was typed, absolute, with ``~`` expanded."""
    return os.path.abspath(os.path.expanduser(path))
