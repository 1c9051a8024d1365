"""The environment of this process, which a function may have changed."""

from __future__ import annotations

import os


def put_back(kept: dict[bytes, bytes]) -> None:
    """Have the variables that were kept and no others, in C as in Python."""
    now = dict(os.environb)
    for name in now.keys() - kept.keys():
        del os.environb[name]
    for name, value in kept.items():
        if now.get(name) != value:
            os.environb[name] = value
