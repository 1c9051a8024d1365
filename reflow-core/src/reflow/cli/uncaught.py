"""What a script's own statements got wrong, said in words, as its commands say it."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from reflow.errors import ReflowError

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # the package's directory


def speak_plainly() -> None:
    """Have this script end in words and with the right exit code, where its user can put right what is wrong.

    Whatever else is raised ends in a traceback as ever, and so does everything under ``python -X dev``, at a
    prompt, and where somebody has set a hook of their own.
    """
    if sys.excepthook is sys.__excepthook__ and not sys.flags.dev_mode and not hasattr(sys, "ps1"):
        sys.excepthook = _in_words


def _in_words(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if not isinstance(error, ReflowError):
        from reflow.hidden import end_in_words

        end_in_words(error, _place(traceback))
        sys.__excepthook__(kind, error, traceback)
        return
    where = "" if "  --> " in str(error) else _place(traceback)
    print(f"error: {error}{where}", file=sys.stderr)
    raise SystemExit(error.exit_code)


def _place(traceback: TracebackType | None) -> str:
    """Return the last line of the user's own that was at work."""
    found = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not os.path.abspath(file).startswith(_OWN):
            found = f"\n  --> {file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
