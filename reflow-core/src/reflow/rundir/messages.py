"""What a run has to tell its user, whoever advanced it: a line each, shown by ``status``."""

from __future__ import annotations

import os
from collections.abc import Iterable

from reflow.filesystem.atomic import replace_file
from reflow.rundir.layout import RunPaths

SHOWN = 20  #: messages that are shown, the newest


def tell(paths: RunPaths, messages: Iterable[str]) -> None:
    """Keep messages for the user; what was said before is not said again."""
    known = set(_lines(paths))
    lines = [line for message in messages if (line := " ".join(message.split())) not in known]
    if lines:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(paths.messages, flags, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as file:
            file.write("".join(f"{line}\n" for line in lines))


def take_back(paths: RunPaths, ending: str, but: Iterable[str] = ()) -> None:
    """Forget the messages that end so, since they hold no more; those that begin with one of some texts still do."""
    lines, kept = _lines(paths), tuple(but)
    left = [line for line in lines if not line.endswith(ending) or line.startswith(kept)]
    if len(left) < len(lines):
        replace_file(
            paths.messages, "".join(f"{line}\n" for line in left).encode(errors="replace"), sync=False
        )


def told(paths: RunPaths) -> list[str]:
    """Return what the user should be told, the newest last."""
    return _lines(paths)[-SHOWN:]


def _lines(paths: RunPaths) -> list[str]:
    try:
        with open(paths.messages, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []
