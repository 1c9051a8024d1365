"""Connections to SQLite as a shared file system needs them: rollback journal, synced, patient.

Nobody but SQLite opens a file while it is in use: closing any descriptor of it would drop its locks.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

from reflow.plugin import LockFile, StoreError, StoreHalfWritten
from reflow_sqlite.failures import damaged, in_words, is_busy, is_hot_journal, too_new
from reflow_sqlite.files import WAIT_S, check_file, locked, pause
from reflow_sqlite.schema import LEDGER, VERSION, Kind

ELSEWHERE_S = 5.0  #: how long a reader waits for a writer on another machine that may be in a transaction

Row = Any  #: a tuple of what SQLite returned
_T = TypeVar("_T")

_SETTINGS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",  # KiB: what does not fit is written, and synced, before its transaction ends
    "PRAGMA synchronous = EXTRA",
)


class Connection:
    """One open file: of a reader, or of a writer.

    Raises:
        StoreDamaged: The file is damaged, or is none of its kind.
        StoreTooNew: A newer reflow wrote it.
        StoreError: It cannot be reached.
    """

    def __init__(self, kind: Kind, path: str, *, write: bool) -> None:
        self.kind = kind
        self.path = path
        self.write = write
        self._file = check_file(kind, path, write=write)
        self._db = connect(kind, path, write=write)
        try:
            for setting in _SETTINGS:
                self.read(setting)
            self._check()
        except BaseException:
            self._db.close()
            raise

    @property
    def is_at_its_place(self) -> bool:
        """Whether the file is still the one of its name: it may have been made anew meanwhile."""
        try:
            found = os.stat(self.path)
        except OSError:
            return True  # whoever reads or writes will be told
        return (found.st_dev, found.st_ino) == self._file

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""
        try:
            return self._db.execute(sql, parameters).fetchall()
        except (sqlite3.Error, UnicodeDecodeError):
            return self._patiently(lambda: self._db.execute(sql, parameters).fetchall())

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Generator[Row, None, None]:
        """Yield the rows of a query one by one; close the iterator to let go of the file."""
        cursor = self._patiently(lambda: self._db.execute(sql, parameters))
        try:
            yield from cursor
        except UnicodeDecodeError as error:
            raise damaged(self.kind, self.path, "it holds text that is none") from error
        except sqlite3.Error as error:
            raise in_words(error, self.kind, self.path) from error
        finally:
            cursor.close()

    def check_tables(self, *tables: str) -> None:
        """Look through small tables for rows that SQLite cannot reach any more, which it would not notice else."""
        for table in tables:
            for (found,) in self.read(f"PRAGMA quick_check({table})"):
                if found != "ok":
                    raise damaged(self.kind, self.path, str(found))

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several queries see the file as it is at one moment."""
        try:
            self._patiently(lambda: self._db.execute("BEGIN"))
            yield
        finally:
            self._roll_back()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose writes are committed together at the end, or not at all."""
        try:
            self._patiently(lambda: self._db.execute("BEGIN IMMEDIATE"))
            yield self._db
            self._patiently(
                lambda: self._db.execute("COMMIT")
            )  # while others read it stays open, and is tried again
        except sqlite3.Error as error:
            raise in_words(error, self.kind, self.path) from error
        finally:
            self._roll_back()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")

    def _patiently(self, act: Callable[[], _T]) -> _T:
        begun = time.monotonic()
        while True:
            waited_s = time.monotonic() - begun
            try:
                return act()
            except (
                UnicodeDecodeError
            ) as error:  # what SQLite complains of is in its complaint, as it stands there
                raise damaged(self.kind, self.path, "it holds text that is none") from error
            except sqlite3.Error as error:
                hot = is_hot_journal(error) and not self.write
                if not (hot or is_busy(error)) or waited_s > WAIT_S:
                    raise in_words(error, self.kind, self.path) from error
                if hot:
                    _recover_unless_elsewhere(self.kind, self.path, error, waited_s)
            pause(0.001, 0.05)

    def _check(self) -> None:
        ((application_id,),) = self.read("PRAGMA application_id")
        ((version,),) = self.read("PRAGMA user_version")
        if application_id != self.kind.application_id:
            raise damaged(self.kind, self.path, f"it is no {self.kind.what} of reflow")
        if version > VERSION and not self._has_known_tables():
            raise too_new(self.kind, self.path, version)
        if version != VERSION:
            raise damaged(self.kind, self.path, f"it says that it is of schema {version}")
        if not self._has_known_tables():
            raise damaged(self.kind, self.path, "its list of tables is not as it was written")
        if self.write:
            ((mode,),) = self.read("PRAGMA journal_mode = DELETE")
            if mode != "delete":
                raise StoreError(
                    f"the {self.kind.what} {self.path} stays in journal mode {mode!r}; who has it open?"
                )

    def _has_known_tables(self) -> bool:
        """Whether its tables, indices and triggers are those of `VERSION`, each with a place of its own."""
        found = self.read("SELECT type, sql, rootpage FROM sqlite_master")
        texts = [sql for _, sql, _ in found if sql is not None]
        roots = [root for kind, _, root in found if kind != "trigger"]
        is_whole = len(set(texts)) == len(texts) == self.kind.tables.count("\nCREATE ")
        return is_whole and len(set(roots)) == len(roots) and all(sql in self.kind.tables for sql in texts)


def connect(kind: Kind, path: str, *, write: bool) -> sqlite3.Connection:
    """Return a connection that nothing was checked of yet."""
    try:
        return sqlite3.connect(
            f"file:{_escaped(path)}?mode={'rw' if write else 'ro'}",
            uri=True,
            timeout=0.05,  # and then again, for a minute
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise in_words(error, kind, path) from error


def _recover_unless_elsewhere(kind: Kind, path: str, error: sqlite3.Error, waited_s: float) -> None:
    """Undo what a killed writer left half done; one on another machine is waited for, whose locks may not show here."""
    writer = _writer_elsewhere(path) if kind is LEDGER else ""
    if not writer:
        _recover(kind, path, error)
    elif waited_s > ELSEWHERE_S:
        raise StoreHalfWritten(
            f"the {kind.what} {path} is half written by {writer}, or that was killed\n"
            "which of the two shows within three minutes; try again then"
        ) from error
    else:
        pause(0.2, 0.5)  # to tell whether it beats, a file is made beside its lease


def _writer_elsewhere(path: str) -> str:
    """Return who holds, and beats, the lease of a run on another machine, or nothing."""
    lease = LockFile(os.path.join(os.path.dirname(path), "control", "lease"))
    holder = lease.holder()
    if holder is None or holder.process.is_gone() is not None:
        return ""
    return "" if lease.is_free() else holder.describe()


def _recover(kind: Kind, path: str, error: sqlite3.Error) -> None:
    """Undo what a killed writer left half done, which only a writer may; SQLite does it at the first read."""
    try:
        check_file(kind, path, write=True)
        if not os.access(os.path.dirname(path), os.W_OK):
            raise StoreError("read-only directory")
    except StoreError:
        raise StoreHalfWritten(
            f"the last writer of the {kind.what} {path} was stopped half-way, and only its owner can undo that\n"
            f"ask them to run: reflow status"
        ) from error
    with locked(path), contextlib.closing(connect(kind, path, write=True)) as db:
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as failed:
            if not is_busy(failed):
                raise in_words(failed, kind, path) from failed


def _escaped(path: str) -> str:
    """Return a path as it stands in a URI (https://sqlite.org/uri.html)."""
    host = "//" if path.startswith("//") else ""  # none: else the first of its directories would be one
    return host + path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
