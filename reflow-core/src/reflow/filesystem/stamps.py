"""Stamps: what tells whether the file or directory behind a Path is still the one that was seen."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Sequence

from reflow.errors import ValueMisfit

Stamp = list[object] | None  #: as JSON; None trusts the name

DIRECTORY_LIMIT = 10_000  #: entries of a directory that are walked
MISSING: list[object] = ["missing"]


def take_stamp(path: str, track: str = "stat") -> Stamp:
    """Return the stamp of a file or directory.

    Args:
        track: ``stat`` for size and mtime_ns (a directory's: of all entries below it), ``content`` for the
            SHA-256 of the bytes, ``path`` to trust the name.

    Returns:
        ``["file", size, mtime_ns]``, ``["directory", entries, digest of names and sizes, digest of these and of
        times]``, ``["content", digest]``, ``["missing"]``, or None with ``track="path"``.

    Raises:
        ValueMisfit: A directory has more entries than are walked, or the content of a pipe or device is asked for.
        OSError: It cannot be looked at, or something in it.
    """
    if track == "path":
        return None
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return list(MISSING)
    is_directory = stat.S_ISDIR(found.st_mode)
    if track == "content" and not (is_directory or stat.S_ISREG(found.st_mode)):
        raise ValueMisfit(
            f'{path!r} is no regular file, whose bytes could be read to the end; say track="path"'
        )
    if track == "content":
        return ["content", _digest(_entries(path, _bytes_of)) if is_directory else _content(path)]
    if is_directory:
        entries = _entries(path, _size_and_time)
        return ["directory", len(entries), _digest([entry[:-1] for entry in entries]), _digest(entries)]
    return ["file", found.st_size, found.st_mtime_ns]


def without_time(stamp: Stamp) -> Stamp:
    """Return what a stamp says but when files were written; of contents and names it says nothing of that."""
    return stamp[:-1] if stamp and stamp[0] in ("file", "directory") else stamp


_Entry = tuple[str, str, str]  #: a path below the directory, what is there, and when that was written


def _entries(path: str, look: Callable[[str], tuple[str, str]]) -> list[_Entry]:
    """Return all that is below a directory; through links too, each directory once."""
    entries: list[_Entry] = []
    known = {_inode(path)}
    for folder, folders, files in os.walk(path, onerror=_refuse, followlinks=True):
        for name in [*folders, *files]:
            if len(entries) >= DIRECTORY_LIMIT:
                raise ValueMisfit(
                    f"directory {path!r} has more than {DIRECTORY_LIMIT} entries; "
                    'say track="path" to trust its name, or name its files'
                )
            full = os.path.join(folder, name)
            entries.append((os.path.relpath(full, path), *_entry(full, look)))
        folders[:] = [name for name in sorted(folders) if _is_new(os.path.join(folder, name), known)]
    return sorted(entries)


def _refuse(error: OSError) -> None:
    """Let nothing be left out that cannot be looked at; what went away meanwhile is another matter."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def _is_new(path: str, known: set[tuple[int, int]]) -> bool:
    inode = _inode(path)
    is_known = inode in known
    known.add(inode)
    return not is_known


def _inode(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:  # it went away, and its entry says so
        return (0, 0)
    return found.st_dev, found.st_ino


def _entry(path: str, look: Callable[[str], tuple[str, str]]) -> tuple[str, str]:
    try:
        return ("/", "") if os.path.isdir(path) else look(path)
    except FileNotFoundError:
        return "gone", ""


def _size_and_time(path: str) -> tuple[str, str]:
    found = os.stat(path)
    return str(found.st_size), str(found.st_mtime_ns)


def _bytes_of(path: str) -> tuple[str, str]:
    return (_content(path) if stat.S_ISREG(os.stat(path).st_mode) else "no regular file"), ""


def _digest(entries: Iterable[Sequence[str]]) -> str:
    from hashlib import sha256  # of directories and contents only: it loads OpenSSL

    text = "\0\0".join("\0".join(entry) for entry in entries)
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _content(path: str) -> str:
    from hashlib import sha256

    hashed = sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()
