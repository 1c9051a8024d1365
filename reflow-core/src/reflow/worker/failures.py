"""What a user is told of an exception, however broken that is."""

from __future__ import annotations

import json
from collections.abc import Iterable

from reflow.errors import ReflowError

REASON_LIMIT = 500  #: characters of the one line
ERROR_LIMIT = 60_000  #: characters of the traceback


class Unfit(ReflowError):
    """A value that its annotation does not allow, or that is too large."""


class StaleInput(ReflowError):
    """A file that an upstream task returned is not the one that it wrote."""


def describe(error: BaseException, secrets: Iterable[str] = ()) -> tuple[str, str | None, str]:
    """Return what to tell of an exception that a function raised; its own code cannot make this fail.

    Returns:
        One line, JSON text with ``type``, ``message`` and ``traceback`` (or None), and the kind of failure.
    """
    if isinstance(error, SystemExit):
        return _exit_reason(error, secrets), None, "exit"
    name = type(error).__name__
    message = masked(_message(error), secrets)
    first = message.strip().split("\n", 1)[0]
    reason = shortened(f"{name}: {first}" if first else name, REASON_LIMIT)
    text = {
        "type": name,
        "message": shortened(message, ERROR_LIMIT // 6),
        "traceback": shortened(masked(_traceback(error), secrets), ERROR_LIMIT // 2),
    }
    return reason, json.dumps(text), "exception"


def shortened(text: str, limit: int) -> str:
    """Return a text with its middle left out where it is longer than this."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]} [...] {text[-(limit // 2) :]}"


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets in it."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


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


def _traceback(error: BaseException) -> str:
    from traceback import format_exception

    begin = error.__traceback__
    while begin is not None and "/reflow/worker/" in begin.tb_frame.f_code.co_filename and begin.tb_next:
        begin = begin.tb_next
    try:
        return "".join(format_exception(type(error), error, begin))
    except BaseException as broken:
        return f"(its traceback cannot be made: {type(broken).__name__})"
