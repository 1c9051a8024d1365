"""What time it is, in the one unit that records use."""

from __future__ import annotations

import time


def iso(milliseconds: int) -> str:
    """Return milliseconds since 1970 as people and programs write a time: ``2025-01-31T12:00:00Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds / 1000))


def now_ms() -> int:
    """Return milliseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000_000
