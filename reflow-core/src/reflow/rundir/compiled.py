"""What a module's text is compiled to, and what Python keeps of that in a file of its own.

Python takes a compiled file for that of a source of the same size and, to the second, the same time (PEP 552), which
an edit can leave as they were. Certain is only what lies beside its source, which is no link, and was compiled a while
after anything of it had changed.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
import warnings
from _frozen_importlib_external import MAGIC_NUMBER, cache_from_source
from functools import lru_cache
from types import CodeType

from reflow.filesystem.files import read_bytes
from reflow.model.named_tuple import NamedTuple

_HEAD = 16  #: bytes before the code in a compiled file
_A_WHILE_NS = 10**9  #: the coarsest clock of a file system that is met nowadays
_BYTE_NS = 10**4  #: to compile one takes no machine so long; Python read it before that


class Kept(NamedTuple):
    """A compiled file of Python's, as it was read.

    Attributes:
        written_ns: When it was written, or earlier.
    """

    path: str
    content: bytes
    written_ns: int


def kept_of(file: str) -> Kept | None:
    """Return what Python keeps of a source, which is to be read after this: then it is known to be of no later text."""
    try:
        path = cache_from_source(file)
        written_ns = os.stat(path).st_mtime_ns  # before it is read: it may be replaced by a later one
        return Kept(path, read_bytes(path), written_ns)
    except (OSError, NotImplementedError):
        return None


def code_of(file: str, text: bytes, kept: Kept | None) -> bytes | None:
    """Return the code of a text for workers, marshalled: what Python keeps, where that is certain to be of this text.

    Returns:
        None for a text that Python cannot compile, or not here.
    """
    if kept is not None and not sys.flags.optimize and _is_taken(kept, file) and _is_certain(kept, file):
        code = _loaded(kept)
        if code is not None and code.co_filename == file:
            return kept.content[_HEAD:]
    code = _compiled(file, text, optimize=0)
    return None if code is None else marshal.dumps(code)


def is_outdated(file: str, text: bytes, kept: Kept) -> bool:
    """Whether Python takes for the code of a source what another text was compiled to."""
    if not _is_taken(kept, file) or _is_certain(kept, file):
        return False
    code = _compiled(file, text, optimize=sys.flags.optimize)
    return code is not None and code != _loaded(kept)


def _is_taken(kept: Kept, file: str) -> bool:
    try:
        source = os.stat(file)
    except OSError:
        return False
    flags, time, size = (int.from_bytes(kept.content[at : at + 4], "little") for at in (4, 8, 12))
    now = int(source.st_mtime) & 0xFFFF_FFFF, source.st_size & 0xFFFF_FFFF
    return kept.content[:4] == MAGIC_NUMBER and flags == 0 and (time, size) == now


def _is_certain(kept: Kept, file: str) -> bool:
    if sys.pycache_prefix is not None:  # there it is by its name alone, which another folder may have by now
        return False
    try:
        source = os.lstat(file)  # where a link leads to may have changed, and nothing of the file there
    except OSError:
        return False
    a_while_ns = _A_WHILE_NS + source.st_size * _BYTE_NS
    return stat.S_ISREG(source.st_mode) and kept.written_ns - source.st_ctime_ns > a_while_ns


def _loaded(kept: Kept) -> CodeType | None:
    try:
        code = marshal.loads(kept.content[_HEAD:])
    except (ValueError, EOFError, TypeError, SystemError):  # it is damaged
        return None
    return code if isinstance(code, CodeType) else None


@lru_cache(maxsize=1)  # a module is asked about twice in a row
def _compiled(file: str, text: bytes, *, optimize: int) -> CodeType | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whoever imports it sees them
            return compile(text, file, "exec", dont_inherit=True, optimize=optimize)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # deeper in calls than an import, too
        return None
