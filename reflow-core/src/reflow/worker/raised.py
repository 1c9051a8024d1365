"""What a user is told of an exception, however broken that is. Loaded when one was raised."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reflow.hidden import hidden_by
from reflow.worker.frames import last_frames
from reflow.worker.wording import REASON_LIMIT, masked, shortened

if TYPE_CHECKING:
    from types import TracebackType

ERROR_LIMIT = 60_000  #: characters of the traceback


def describe(error: BaseException, secrets: Iterable[str] = ()) -> tuple[str, str | None, str]:
    """Return what to tell of an exception that a function raised; its own code cannot make this fail.

    Returns:
        One line, JSON text with ``type``, ``message``, ``traceback`` and ``frames`` (or None), and the kind of failure.
    """
    if isinstance(error, SystemExit):
        return _exit_reason(error, secrets), None, "exit"
    name = type(error).__name__
    message = masked(_message(error), secrets)
    hidden = hidden_by(error).replace("\n", "; ")
    first = hidden or message.strip().split("\n", 1)[0]
    reason = shortened(f"{name}: {first}" if first else name, REASON_LIMIT)
    begin = _begin(error)
    text = {
        "type": name,
        "message": shortened(message, ERROR_LIMIT // 6),
        "traceback": shortened(masked(_traceback(error, begin), secrets), ERROR_LIMIT // 2),
        "frames": last_frames(begin, secrets),
    }
    return reason, json.dumps(text), "exception"


def _exit_reason(error: SystemExit, secrets: Iterable[str]) -> str:
    code = error.code
    if code is None or isinstance(code, int):
        return f"exited with {code or 0} (sys.exit)"
    return shortened(masked(f"exited: {_message(error)}", secrets), REASON_LIMIT).replace("\n", " ")


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as broken:
        return f"(its text cannot be made: {type(broken).__name__})"


def _begin(error: BaseException) -> TracebackType | None:
    """Return the traceback from the task's own function on."""
    begin = error.__traceback__
    while begin is not None and "/reflow/worker/" in begin.tb_frame.f_code.co_filename and begin.tb_next:
        begin = begin.tb_next
    return begin


def _traceback(error: BaseException, begin: TracebackType | None) -> str:
    from traceback import format_exception

    try:
        return "".join(format_exception(type(error), error, begin))
    except BaseException as broken:
        return f"(its traceback cannot be made: {type(broken).__name__})"
