"""The environment of this process, which a function may have changed."""

from __future__ import annotations

import os
import time


def put_back(kept: dict[bytes, bytes]) -> None:
    """Have the variables that were kept and no others, in C as in Python; the local time is that of ``TZ`` again."""
    now = dict(os.environb)
    for name in now.keys() - kept.keys():
        del os.environb[name]
    for name, value in kept.items():
        if now.get(name) != value:
            os.environb[name] = value
    if now.get(b"TZ") != kept.get(b"TZ"):
        time.tzset()
