"""Claims: an element is worked on by one job only, however many copies of it a scheduler starts."""

from __future__ import annotations

import contextlib
import os

from reflow.filesystem.atomic import make_directory, read_bytes, write_new
from reflow.rundir.layout import SubmissionPaths


def claim(sub: SubmissionPaths, element: int, holder: str) -> int | None:
    """Claim an element and return how often its holder had started it before; None when it is another's.

    Args:
        holder: The job that runs it. A requeue of the same job takes over what it had claimed itself.
    """
    make_directory(sub.claims)
    start = 0
    while not link_new(_path(sub, element, start), holder.encode()):
        if read_bytes(_path(sub, element, start)).decode() != holder:
            return None
        start += 1
    return start


def last_start(sub: SubmissionPaths, element: int) -> int:
    """Return how often an element had been started before its last start, as far as that came to claim it."""
    start = 0
    while os.path.exists(_path(sub, element, start + 1)):  # as `claim` counts; thousands may be asked for
        start += 1
    return start


def link_new(path: str, data: bytes) -> bool:
    """Make a file whole unless it is there; return whether it was this call that made it.

    Its number of links tells, since the answer of link(2) can be lost on a network file system.
    """
    unique = f"{path}.{os.urandom(6).hex()}.tmp"
    write_new(unique, [data])
    try:
        with contextlib.suppress(OSError):
            os.link(unique, path)
        made = os.stat(unique).st_nlink == 2
    finally:
        os.unlink(unique)
    if not made and os.path.basename(path) not in os.listdir(os.path.dirname(path)):
        raise FileNotFoundError(f"{path} cannot be made by a link")
    return made


def _path(sub: SubmissionPaths, element: int, start: int) -> str:
    return os.path.join(sub.claims, f"{element}.{start}" if start else str(element))
