"""What SQLite says, in reflow's words: what is wrong, and what to type next."""

from __future__ import annotations

import os
import sqlite3
import struct
from shlex import quote

from reflow.plugin import StoreDamaged, StoreError, StoreTooNew
from reflow_sqlite.schema import LEDGER, RESULTS, VERSION, Kind

# Python 3.10 has no error codes of SQLite, and these texts have not changed in a decade.
_BUSY = ("database is locked", "database table is locked", "database schema is locked")
_DAMAGED = (
    "malformed",
    "not a database",
    "no such table",
    "no such column",
    "no such index",
    "has no column named",
    "file is encrypted",
    "unsupported file format",
    "Could not decode to UTF-8",
)


class Torn(Exception):
    """A row that is not as it was written; its text says which."""


#: What comes of making records of rows of a damaged file.
WRONG = (Torn, KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, struct.error)


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else has the file at this moment."""
    return any(text in str(error) for text in _BUSY)


def is_hot_journal(error: sqlite3.Error) -> bool:
    """Whether a reader met what a killed writer left behind, and may not put it right."""
    return "readonly database" in str(error)


def damaged(kind: Kind, path: str, why: str) -> StoreDamaged:
    """Return the error for a file that cannot be what it should be."""
    return StoreDamaged(f"the {kind.what} {path} is damaged: {why}\n{_remedy(kind, path)}")


def too_new(kind: Kind, path: str, version: int) -> StoreTooNew:
    """Return the error for a file of a schema that this version does not know."""
    return StoreTooNew(
        f"the {kind.what} {path} has schema {version}, and this reflow-sqlite knows {VERSION} and older ones\n"
        f"upgrade with: pip install --upgrade reflow-sqlite"
    )


def in_words(error: sqlite3.Error, kind: Kind, path: str) -> StoreError:
    """Return what an error of SQLite means for the file it was met in."""
    text = str(error)
    if kind is RESULTS and "not a database" in text and (other := other_file(path)):
        return other
    if any(known in text for known in _DAMAGED):
        return damaged(kind, path, text)
    if is_busy(error):
        return StoreError(f"the {kind.what} {path} is locked by another process; try again in a minute")
    if is_hot_journal(error):
        return StoreError(
            f"the {kind.what} {path} cannot be written: is the disk or the file read-only? see: ls -l {path}"
        )
    if "full" in text:
        return StoreError(f"no space left for the {kind.what} {path}; see: df -h {os.path.dirname(path)}")
    return StoreError(f"the {kind.what} {path} cannot be used: {text}; see: ls -l {path}")


def other_file(path: str) -> StoreDamaged | None:
    """Return the error for a text whose name is none of a store, which is a typing error and no damage.

    Not to be asked of a file that this process has open: to read it would drop its locks.
    """
    if path.endswith(".db"):
        return None
    try:
        with open(path, "rb") as file:
            head = file.read(100)
    except OSError:
        return None
    if not head or b"\0" in head or b"SQLite format 3".startswith(head):
        return None
    return StoreDamaged(f"{path} is no store of reflow, but a text file; name another with --store")


def _remedy(kind: Kind, path: str) -> str:
    if kind is LEDGER:
        root = os.path.dirname(path)
        run_dir = os.path.dirname(os.path.dirname(root))
        return f"make it anew with: reflow store rebuild {os.path.basename(root)} --run-dir {quote(run_dir)}"
    return f"make it anew with: reflow store rebuild --store {quote(path)}"
