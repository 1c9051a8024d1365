"""The instances of an element that several workers share: each takes the next one when it is through with its own.

They are 4-byte numbers in a file without a name. All workers inherit one and the same open file, and with it the
place up to which it was read; Linux lets one reader move on at a time (open(2), read(2)).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from reflow.filesystem.files import moved_up

INHERITED = 3  #: the descriptor that a worker finds it on


def offer(positions: range) -> int:
    """Return a descriptor from which workers take positions."""
    low = os.memfd_create("positions")
    os.write(low, struct.pack(f"<{len(positions)}I", *positions))
    # Linux guards the place only in files that were opened, which what memfd_create made was not.
    opened = os.open(f"/proc/self/fd/{low}", os.O_RDONLY)
    os.close(low)
    return moved_up(opened)


def are_left(descriptor: int) -> bool:
    """Whether there is one that nobody has taken."""
    return os.lseek(descriptor, 0, os.SEEK_CUR) < os.fstat(descriptor).st_size


def taken(descriptor: int) -> Iterator[int]:
    """Take positions until there are no more."""
    while data := os.read(descriptor, 4):
        yield struct.unpack("<I", data)[0]
