"""The run's own copy of the project's modules: one file with their texts, and one with what they were compiled to.

Two files, however many modules there are: on a shared disk each file that is made and synced takes milliseconds. Of
these a worker reads what it imports. Where code is of another Python, or not as it was written, it compiles the text.
"""

from __future__ import annotations

import os
from _frozen_importlib_external import MAGIC_NUMBER
from collections.abc import Sequence
from zlib import crc32

from reflow.errors import RunDirError
from reflow.filesystem.files import read_piece, write_new
from reflow.rundir.layout import RunPaths

Place = Sequence[int]  #: where a text or a code begins and ends in its file, and its checksum


class NewCopies:
    """Copies as they are collected."""

    def __init__(self) -> None:
        self._texts = _NewFile()
        self._codes = _NewFile()

    def add(self, file: str, text: bytes, code: bytes | None) -> dict[str, Place | None]:
        """Add the text of a file, and what it was compiled to; return what run.json is to say of them."""
        return {
            "copy": self._texts.add(text, title=b"\n# --- %b\n" % os.fsencode(file)),
            "code": None if code is None else self._codes.add(MAGIC_NUMBER + code),
        }

    def write(self, paths: RunPaths) -> None:
        """Write the files, the texts durably; their names are not synced. Of half-written code nothing is taken."""
        write_new(paths.copies, self._texts.pieces)
        write_new(paths.compiled, self._codes.pieces, sync=False)


class _NewFile:
    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._end = 0

    def add(self, piece: bytes, title: bytes = b"") -> Place:
        self.pieces += [title, piece]
        begin = self._end + len(title)
        self._end = begin + len(piece)
        return [begin, self._end, crc32(piece)]


def read_text(paths: RunPaths, place: Place) -> bytes:
    """Return a text as it was copied.

    Raises:
        OSError: It cannot be read.
        RunDirError: It is not as it was written.
    """
    begin, end, checksum = place
    text = read_piece(paths.copies, begin, end)
    if crc32(text) != checksum:
        raise RunDirError(f"{paths.copies} is damaged: it is not as it was written\nsubmit again")
    return text


def read_code(paths: RunPaths, place: Place | None) -> bytes | None:
    """Return what a text was compiled to, marshalled, for this Python; None where that is not known."""
    if place is None:
        return None
    begin, end, checksum = place
    try:
        code = read_piece(paths.compiled, begin, end)
    except OSError:
        return None
    known = code.startswith(MAGIC_NUMBER) and crc32(code) == checksum
    return code[len(MAGIC_NUMBER) :] if known else None
