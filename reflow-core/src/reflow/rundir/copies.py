"""The run's own copy of the project's modules: one file with their texts, and one with what they were compiled to.

Two files, however many modules there are: on a shared disk each file that is made and synced takes milliseconds.
The second begins with the magic number of Python's compiled files and a checksum. Where it is of another Python, or
not as it was written, workers compile what they need: each of many would else compile all modules.
"""

from __future__ import annotations

import marshal
import os
from _frozen_importlib_external import MAGIC_NUMBER
from collections.abc import Sequence
from zlib import crc32

from reflow.filesystem.files import read_bytes, write_new
from reflow.rundir.layout import RunPaths

Place = Sequence[int]  #: where a text begins and ends in the file


class NewCopies:
    """Copies as they are collected."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._codes: dict[int, bytes] = {}
        self._end = 0

    def add(self, file: str, text: bytes, code: bytes | None) -> Place:
        """Add the text of a file, and what it was compiled to; return its place."""
        title = b"# --- %b\n" % os.fsencode(file)
        self._pieces += [title, text, b"\n"]
        begin = self._end + len(title)
        if code is not None:
            self._codes[begin] = code
        self._end = begin + len(text) + 1
        return [begin, begin + len(text)]

    def write(self, paths: RunPaths) -> None:
        """Write the files, the texts durably; their names are not synced. Of half-written code nothing is taken."""
        write_new(paths.copies, self._pieces)
        data = marshal.dumps(self._codes)
        write_new(paths.compiled, [MAGIC_NUMBER, crc32(data).to_bytes(4, "little"), data], sync=False)


class Copies:
    """The copies of a run; each file is read when something of it is asked for.

    Raises:
        OSError: The texts cannot be read.
    """

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self._texts: bytes | None = None
        self._codes: dict[int, bytes] | None = None

    def text(self, place: Place) -> bytes:
        """Return a text."""
        if self._texts is None:
            self._texts = read_bytes(self._paths.copies)
        return self._texts[place[0] : place[1]]

    def code(self, place: Place) -> bytes | None:
        """Return what a text was compiled to, marshalled, for this Python; None where that is not known."""
        if self._codes is None:
            self._codes = _read_codes(self._paths.compiled)
        return self._codes.get(place[0])


def _read_codes(path: str) -> dict[int, bytes]:
    try:
        content = read_bytes(path)
    except OSError:
        return {}
    data = memoryview(content)[8:]
    if content[:4] != MAGIC_NUMBER or crc32(data) != int.from_bytes(content[4:8], "little"):
        return {}
    found: dict[int, bytes] = marshal.loads(data)
    return found
