"""Files: written so that a kill leaves the old one or the new one, never a piece.

Modes are explicit, whatever the umask: files 0600, directories 0700. What a worker keeps open is out of the way of the
code that it runs.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

FORGOTTEN_S = 3600.0  #: age at which a temporary file of another machine is certainly nobody's any more
_BLOCK = 1 << 16  #: bytes that are read at once
HIGH = 64  #: user code that closes descriptors by counting finds none from here on, and opens no file in their place
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def make_directory(path: str) -> None:
    """Make a directory and those above it that are missing, each 0700; one that is there stays as it is."""
    if os.path.isdir(path):
        return
    if parent := os.path.dirname(path):
        make_directory(parent)
    try:
        os.mkdir(path, 0o700)
        os.chmod(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):  # else another process was faster
            raise


def sync_directory(path: str) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: str, chunks: Iterable[bytes], *, sync: bool = True) -> None:
    """Write a file that must not be there yet, mode 0600, and sync it; its name is not synced."""
    descriptor = os.open(path, NEW_FILE, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.writelines(chunks)
        file.flush()
        if sync:
            os.fsync(descriptor)


def replace_file(path: str, data: bytes | Iterable[bytes], *, sync: bool = True) -> None:
    """Write a file whole, by way of a temporary one beside it and a rename; with ``sync``, durably."""
    temporary = f"{path}.{os.uname().nodename}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        write_new(temporary, [data] if isinstance(data, bytes) else data, sync=sync)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if sync:
        sync_directory(os.path.dirname(path) or ".")


def remove_temporaries(folder: str) -> None:
    """Remove what `replace_file` left in a directory when it was killed; who may still be at work is left alone."""
    try:
        with os.scandir(folder) as entries:
            left = [entry.path for entry in entries if entry.name.endswith(".tmp") and _is_left(entry)]
    except FileNotFoundError:
        return
    for path in left:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _is_left(entry: os.DirEntry[str]) -> bool:
    """Whether the writer of a temporary file is gone: it ended on this machine, or it takes longer than any does."""
    from reflow.filesystem.process import is_there  # who only writes does without it

    writer, _, process = entry.name.rsplit(".", 2)[0].rpartition(".")
    if writer.endswith(f".{os.uname().nodename}"):
        return not process.isdecimal() or not is_there(int(process))
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > FORGOTTEN_S
    except FileNotFoundError:
        return False


def remove_directory(path: str) -> None:
    """Remove a directory and all in it, as far as that goes; it does what shutil would, which is slow to import."""
    try:
        with os.scandir(path) as found:
            entries = list(found)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                remove_directory(entry.path)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
        os.rmdir(path)
    except OSError:
        return


def copy_into(target: BinaryIO, source: BinaryIO) -> None:
    """Write what is left of one open file to another."""
    while block := source.read(_BLOCK):
        target.write(block)


def read_bytes(path: str) -> bytes:
    """Return a file's bytes, never following a link in its last part."""
    with _opened(path) as descriptor:
        blocks = iter(lambda: os.read(descriptor, _BLOCK), b"")  # a file object asks for its size, twice
        return b"".join(blocks)


def read_piece(path: str, begin: int, end: int) -> bytes:
    """Return the bytes of a part of a file, less where the file is shorter; never following a link in its last part."""
    with _opened(path) as descriptor:
        return os.pread(descriptor, end - begin, begin)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def moved_up(low: int) -> int:
    """Return the same open file under a high number, which no child inherits."""
    descriptor = copied_up(low)
    os.close(low)
    return descriptor


def copied_up(low: int) -> int:
    """Return the same open file under a second number, a high one, which no child inherits."""
    import fcntl  # of which only workers have need

    try:
        return fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError:  # so many files may not be open
        return fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, HIGH // 4)


def opened_high(path: str, flags: int, mode: int = 0o600) -> int:
    """Open a file, never through a link, under a high number."""
    return moved_up(os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, mode))
