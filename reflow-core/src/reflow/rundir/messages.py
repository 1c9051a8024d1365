"""What a run has to tell its user, whoever advanced it: a line each, shown by ``status``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from reflow.rundir.layout import RunPaths

SHOWN = 20  #: messages that are shown, the newest
_GONE = "\x1f"  # stands before a line that holds no more; in a message it is a space


def tell(paths: RunPaths, messages: Iterable[str]) -> None:
    """Keep messages for the user; what was said before is not said again."""
    known = set(_lines(paths))
    said = map(in_one_line, messages)
    _append(paths, [line for line in said if line not in known])


def in_one_line(text: str) -> str:
    """Return a text, such as that of an error and of what to do about it, in one line."""
    return "; ".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def take_back(paths: RunPaths, ending: str, but: Iterable[str] = ()) -> None:
    """Forget the messages that end so, since they hold no more; those that begin with one of some texts still do."""
    kept = tuple(but)
    gone = [line for line in _lines(paths) if line.endswith(ending) and not line.startswith(kept)]
    _append(paths, [f"{_GONE}{line}" for line in gone])


def told(paths: RunPaths) -> list[str]:
    """Return what the user should be told, the newest last."""
    return _lines(paths)[-SHOWN:]


def _append(paths: RunPaths, lines: Sequence[str]) -> None:
    """Add to the file, which nobody replaces: what another process adds meanwhile stays."""
    if not lines:
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(paths.messages, flags, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as file:
        file.write("".join(f"{line}\n" for line in lines))


def _lines(paths: RunPaths) -> list[str]:
    """Return what was told and not taken back since."""
    found: dict[str, None] = {}
    try:
        with open(paths.messages, encoding="utf-8", errors="replace") as file:
            for line in file.read().splitlines():
                if line.startswith(_GONE):
                    found.pop(line.removeprefix(_GONE), None)
                else:
                    found[line] = None
    except FileNotFoundError:
        pass
    return list(found)
