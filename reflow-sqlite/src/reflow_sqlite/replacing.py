"""One file in the place of another that may be damaged: by a rename, and the old one is kept beside it.

A journal belongs to the file of its name. So nobody may be in the middle of a transaction when another file gets that
name, and none may be left there: SQLite would undo in the new file what was half done in the old one. Who has the
old file open and would write to it later is told by SQLite that it has been moved.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator

from reflow.plugin import StoreError, sync_directory
from reflow_sqlite.connection import connect
from reflow_sqlite.failures import is_busy
from reflow_sqlite.files import WAIT_S, check_file
from reflow_sqlite.schema import Kind


def replace(kind: Kind, path: str, fresh: str) -> str | None:
    """Rename ``fresh`` to ``path``; return where the file that was there is kept, or None where none was.

    Killed between any two lines this leaves the old file or the new one at its place; only where the old one is so
    damaged that SQLite cannot undo what a killed writer left half done, there may be none for a moment.

    Raises:
        StoreError: It could not be done.
    """
    if os.path.lexists(path):
        check_file(kind, path, write=True)
    try:
        with _nobody_writes(kind, path):
            aside = _set_aside(path)
            os.rename(fresh, path)
            sync_directory(os.path.dirname(path))
    except OSError as error:
        raise StoreError(f"cannot put a new {kind.what} at {path}: {error.strerror}") from error
    return aside


def _set_aside(path: str) -> str | None:
    if not os.path.lexists(path):
        return None
    aside = _free_name(f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    if os.path.lexists(f"{path}-journal"):
        os.rename(path, aside)
        os.rename(f"{path}-journal", f"{aside}-journal")
    else:
        os.link(path, aside)
    return aside


def _free_name(wanted: str) -> str:
    names = (wanted if not number else f"{wanted}.{number}" for number in range(1000))
    return next(name for name in names if not os.path.lexists(name))


@contextlib.contextmanager
def _nobody_writes(kind: Kind, path: str) -> Iterator[None]:
    """Keep everybody from writing to a file, and undo what a killed writer left, as far as SQLite can still read it."""
    if not os.path.lexists(path):
        yield
        return
    with contextlib.closing(connect(kind, path, write=True)) as db:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                db.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                if is_busy(error) and time.monotonic() < deadline:
                    continue  # each try waits for a moment
                if is_busy(error):
                    raise StoreError(
                        f"the {kind.what} {path} is being written; try again in a minute"
                    ) from error
            break
        yield
