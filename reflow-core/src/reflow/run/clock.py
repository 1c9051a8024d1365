"""What time it is, in the one unit that records use, and waiting; a test may bring a clock of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

_source: Any = time  # `time` itself, or what stands for it


def iso(milliseconds: int) -> str:
    """Return milliseconds since 1970 as people and programs write a time: ``2025-01-31T12:00:00Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds / 1000))


def now_ms() -> int:
    """Return milliseconds since 1970 (UTC)."""
    return int(_source.time_ns()) // 1_000_000


def monotonic_s() -> float:
    """Return seconds of a clock that never goes back."""
    return float(_source.monotonic())


def sleep(seconds: float) -> None:
    """Wait."""
    _source.sleep(seconds)


@contextlib.contextmanager
def kept_by(source: Any) -> Iterator[None]:
    """Have another clock, with the ``time_ns``, ``monotonic`` and ``sleep`` of `time`, for the length of a ``with``."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
