"""The files themselves: whose they are, and how a new one comes to its place whole."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator

from reflow.plugin import LockFile, StoreError, sync_directory
from reflow_sqlite.failures import damaged, in_words
from reflow_sqlite.schema import LEDGER, RESULTS, VERSION, Kind

WAIT_S = 60.0  #: how long a lock is waited for


def check_file(kind: Kind, path: str, *, write: bool) -> tuple[int, int]:
    """Look at a file before SQLite opens it, and return its device and number.

    Raises:
        StoreDamaged: It is a ledger, and not there.
        StoreError: It is a link or no regular file, or it is to be written and belongs to somebody else.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        if kind is LEDGER:  # a run has one from its first moment on
            raise damaged(kind, path, "there is no file") from None
        raise StoreError(f"there is no {kind.what} at {path}") from None
    except OSError as error:
        raise StoreError(f"the {kind.what} {path} cannot be reached: {error.strerror}") from error
    if stat.S_ISDIR(found.st_mode):
        raise StoreError(f"the {kind.what} {path} is a directory; name a file in it")
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(f"the {kind.what} {path} is no regular file; name the file itself, not a link to it")
    if write and found.st_uid != os.geteuid():
        raise StoreError(
            f"the {kind.what} {path} belongs to user {found.st_uid}, and is never written by another"
        )
    return found.st_dev, found.st_ino


def make_file(kind: Kind, path: str, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Make a new file beside its place and rename it there, unless there is one.

    So nobody ever sees an empty file, and one that is empty was damaged.
    """
    with locked(path):
        if os.path.lexists(path):
            return
        new = f"{path}.new"
        try:
            for leftover in (new, f"{new}-journal"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(leftover)
            os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            os.chmod(new, 0o600)
            _fill(kind, new, fill)
            os.rename(new, path)
            sync_directory(os.path.dirname(path))
        except OSError as error:
            raise StoreError(f"cannot make the {kind.what} {path}: {error.strerror}") from error


def _fill(kind: Kind, new: str, fill: Callable[[sqlite3.Connection], None]) -> None:
    try:
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = MEMORY")
            db.execute("PRAGMA synchronous = FULL")
            if kind is RESULTS:  # so that it shrinks, a few pages at a time, when much was removed
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            db.executescript(
                f"BEGIN; PRAGMA application_id = {kind.application_id}; PRAGMA user_version = {VERSION};"
                + kind.tables
            )
            fill(db)
            db.execute("COMMIT")
    except sqlite3.Error as error:
        raise in_words(error, kind, new) from error


@contextlib.contextmanager
def locked(path: str, wait_s: float | None = None) -> Iterator[LockFile]:
    """Hold the lock file of a path; who holds it for longer than a moment lets it beat.

    Raises:
        StoreError: Somebody else held it all the time, or the lock file cannot be made.
    """
    lock = LockFile(f"{path}.lock")
    wait_s = WAIT_S if wait_s is None else wait_s
    deadline = time.monotonic() + wait_s
    try:
        while (holder := lock.take()) is not None:
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{path} has been locked for {wait_s:.0f} s by {holder.describe()}\n"
                    f"if that process is gone: rm {lock.path}"
                )
            _pause_while_held(lock, deadline)
    except OSError as error:
        raise StoreError(
            f"cannot lock {path}: {error.strerror}; see: ls -ld {os.path.dirname(path)}"
        ) from error
    try:
        yield lock
    finally:
        with contextlib.suppress(OSError):
            lock.release()


def _pause_while_held(lock: LockFile, deadline: float) -> None:
    """Look, which is cheap, before trying again to make the lock, which writes to the disk."""
    while True:
        pause(0.002, 0.02)
        holder = lock.holder()
        if holder is None or holder.process.is_gone() is not False or time.monotonic() > deadline:
            return


def pause(least_s: float, most_s: float) -> None:
    """Wait for a time that is another one in each process, so that those who wait do not meet again and again."""
    from random import uniform

    time.sleep(uniform(least_s, most_s))
