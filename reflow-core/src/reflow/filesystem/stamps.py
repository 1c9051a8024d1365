"""Stamps: what tells whether the file or directory behind a Path is still the one that was seen."""

from __future__ import annotations

import os

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
        ``["file", size, mtime_ns]``, ``["directory", entries, digest]``, ``["content", digest]``,
        ``["missing"]``, or None with ``track="path"``.

    Raises:
        ValueMisfit: A directory has more entries than are walked.
    """
    if track == "path":
        return None
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return list(MISSING)
    is_directory = os.path.isdir(path)
    if track == "content":
        return ["content", _tree(path, content=True)[1] if is_directory else _content(path)]
    if is_directory:
        return ["directory", *_tree(path, content=False)]
    return ["file", found.st_size, found.st_mtime_ns]


def _tree(path: str, *, content: bool) -> tuple[int, str]:
    entries: list[str] = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in [*folders, *files]:
            if len(entries) >= DIRECTORY_LIMIT:
                raise ValueMisfit(
                    f"directory {path!r} has more than {DIRECTORY_LIMIT} entries; "
                    'say track="path" to trust its name, or name its files'
                )
            full = os.path.join(folder, name)
            entries.append(f"{os.path.relpath(full, path)}\0{_entry(full, content=content)}")
    from hashlib import sha256  # of directories and contents only: it loads OpenSSL

    text = "\0\0".join(sorted(entries)).encode("utf-8", "surrogateescape")
    return len(entries), sha256(text).hexdigest()


def _entry(path: str, *, content: bool) -> str:
    try:
        if os.path.isdir(path):
            return "/"
        found = os.stat(path)
        return _content(path) if content else f"{found.st_size} {found.st_mtime_ns}"
    except FileNotFoundError:
        return "gone"


def _content(path: str) -> str:
    from hashlib import sha256

    hashed = sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()
