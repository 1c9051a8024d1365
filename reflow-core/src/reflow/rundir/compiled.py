"""The code that a module's text is compiled to: Python keeps it in a file of its own."""

from __future__ import annotations

import contextlib
import marshal
import os
import warnings
from _frozen_importlib_external import MAGIC_NUMBER, cache_from_source

from reflow.filesystem.files import read_bytes

HEAD = 16  #: bytes before the code in a compiled file of Python's (https://peps.python.org/pep-0552/)


def kept_code(file: str) -> bytes | None:
    """Return what Python keeps of a module's file; its source is to be read after this, and then `code_of` asked."""
    try:
        return read_bytes(cache_from_source(file, optimization=""))
    except OSError:
        return None


def code_of(file: str, text: bytes, kept: bytes | None) -> bytes | None:
    """Return the code of a module's text, marshalled; None where Python cannot compile it.

    Args:
        kept: What `kept_code` returned. It is taken where Python would take it, and where it names the same file.
    """
    if kept is not None and is_of(kept, file):
        with contextlib.suppress(ValueError, EOFError, TypeError):
            if marshal.loads(kept[HEAD:]).co_filename == file:
                return kept[HEAD:]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whoever imported it has seen them
            code = compile(text, file, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return None
    return marshal.dumps(code)


def is_of(kept: bytes, file: str) -> bool:
    """Whether Python takes a compiled file for that of a source as it is now: by its time in seconds, and its size."""
    try:
        source = os.stat(file)
    except OSError:
        return False
    flags, time, size = (int.from_bytes(kept[at : at + 4], "little") for at in (4, 8, 12))
    now = int(source.st_mtime) & 0xFFFF_FFFF, source.st_size & 0xFFFF_FFFF
    return kept[:4] == MAGIC_NUMBER and flags == 0 and (time, size) == now
