"""Descriptors of a worker, out of the way of the code that it runs."""

from __future__ import annotations

import fcntl
import os

HIGH = (
    64  #: user code that closes descriptors by counting does not find these, nor opens a file in their place
)


def moved_up(low: int) -> int:
    """Return the same open file under a high number, which no child inherits."""
    descriptor = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, HIGH)
    os.close(low)
    return descriptor


def opened_high(path: str, flags: int, mode: int = 0o600) -> int:
    """Open a file, never through a link, under a high number."""
    return moved_up(os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, mode))
