"""The ledger of one run."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TypeVar

from reflow.plugin import (
    AttemptRow,
    Changes,
    InstanceRow,
    InstanceState,
    Ledger,
    Overview,
    RunState,
    StoredValue,
    StoreError,
    SubmissionRow,
    TaskState,
    Unpublished,
)
from reflow_sqlite import rows
from reflow_sqlite.connection import Connection, Row
from reflow_sqlite.failures import WRONG, Torn, damaged
from reflow_sqlite.files import make_file
from reflow_sqlite.overview import Reader
from reflow_sqlite.schema import CODES, LEDGER
from reflow_sqlite.seals import row_seal

FILE = "ledger.db"
ROWS_AT_ONCE = 2_000  #: of values that are streamed; the file is let go between
TEXT_AT_ONCE = 8 << 20

_SUCCEEDED = f" AND i.state = {CODES['succeeded']}"
_OF_LISTS = f"{rows.VALUES} AND (i.output IS NULL OR o.number IS NULL OR o.items IS NOT NULL)"
_TORN = (Torn,)
_T = TypeVar("_T")


class SqliteLedger(Ledger):
    """A ledger in one SQLite file."""

    def __init__(self, directory: str, *, write: bool) -> None:
        self._open(os.path.join(directory, FILE), write=write)

    def overview(self) -> Overview:
        if not (self._connection.write or self._connection.is_at_its_place):
            self._connection.close()
            self._open(self._connection.path, write=False)
        return self._whole(self._reader.overview)

    def instances(
        self, task: str, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[InstanceRow]:
        return self._whole(lambda: self._reader.instances(task, states, indices))

    def items(self, task: str) -> dict[int, bytes]:
        found = self._streamed(task, f"{_OF_LISTS}{_SUCCEEDED}", partial(rows.items_of, task))
        return {one[0]: one[1] for one in found if one is not None}

    def values(self, task: str, indices: Collection[int] = ()) -> Iterator[StoredValue]:
        for chosen in rows.chosen("i", (InstanceState.SUCCEEDED,), indices):
            yield from self._streamed(task, rows.VALUES + chosen, partial(rows.value_of, task))

    def attempts(
        self, task: str | None = None, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[AttemptRow]:
        return self._whole(lambda: self._reader.attempts(task, states, indices))

    def submissions(self, tokens: Collection[str] = ()) -> list[SubmissionRow]:
        return self._whole(lambda: self._reader.submissions(tokens))

    def segments(self, token: str) -> set[str]:
        return self._whole(lambda: self._reader.segments(token))

    def unpublished(self, limit: int) -> list[Unpublished]:
        return self._whole(lambda: self._some_unpublished(limit))

    def kept(self, task: str) -> Iterator[Unpublished]:
        number = self._reader.number(task)
        last = -1
        while found := self._whole(partial(self._some_made, rows.KEPT, (number, last, ROWS_AT_ONCE))):
            yield from found
            last = found[-1].output.index

    def take_epoch(self) -> int:
        from reflow_sqlite.changes import take_epoch  # who only reads does without it

        return self._write(take_epoch)

    def apply(self, changes: Changes, epoch: int) -> None:
        from reflow_sqlite.changes import Writer

        remembered = self._reader.remembered
        known = remembered.lend()
        written = self._write(lambda db: Writer(db, self._reader).write(changes, epoch))
        remembered.take(known, changes.dropped, written)

    def close(self) -> None:
        self._connection.close()

    def _open(self, path: str, *, write: bool) -> None:
        self._connection = Connection(LEDGER, path, write=write)
        try:
            self._reader = self._whole(lambda: Reader(self._connection))
        except BaseException:
            self._connection.close()
            raise

    def _streamed(self, task: str, query: str, record: Callable[[Row], _T]) -> Iterator[_T]:
        """Yield the records of a query for a task's instances behind an index; the file is let go between."""
        number, last = self._reader.number(task), -1
        while found := self._whole(partial(self._some, query, number, last)):
            yield from self._whole(partial(_all_of, record, found))
            last = found[-1][0]

    def _some(self, query: str, number: int | None, last: int) -> list[Row]:
        found: list[Row] = []
        size = 0
        limited = f"{query} ORDER BY i.idx LIMIT {ROWS_AT_ONCE}"
        with contextlib.closing(self._connection.stream(limited, (number, last))) as stream:
            for row in stream:
                found.append(row)
                size += len(row[9] or "") + len(row[10] or b"")
                if size > TEXT_AT_ONCE:
                    break
        return found

    def _some_unpublished(self, limit: int) -> list[Unpublished]:
        with self._connection.snapshot():
            return self._some_made(rows.UNPUBLISHED, (self._reader.run().published, limit))

    def _some_made(self, query: str, parameters: Sequence[object]) -> list[Unpublished]:
        found: list[Unpublished] = []
        size = 0
        run = self._reader.run()
        with contextlib.closing(self._connection.stream(query, parameters)) as stream:
            for row in stream:
                found.append(Unpublished(*rows.made_of(self._reader.tasks, row, run)))
                size += len(found[-1].output.value)
                if size > TEXT_AT_ONCE:
                    break
        return found

    def _write(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        if not self._connection.write:
            raise StoreError(f"the ledger {self._connection.path} was opened for reading")
        with self._connection.transaction() as db:
            return self._whole(lambda: act(db), _TORN)

    def _whole(self, read: Callable[[], _T], wrong: tuple[type[Exception], ...] = WRONG) -> _T:
        try:
            return read()
        except wrong as error:
            raise damaged(LEDGER, self._connection.path, f"{error} is not as it was written") from error


def _all_of(record: Callable[[Row], _T], found: Sequence[Row]) -> list[_T]:
    return [record(row) for row in found]


def create(
    directory: str, run_id: str, workflow: str, tasks: Sequence[str], created: int, epoch: int
) -> SqliteLedger:
    """Make the ledger of a new run, with all its tasks waiting, unless it is there; open it for writing."""

    def fill(db: sqlite3.Connection) -> None:
        run = (run_id, workflow, RunState.RUNNING.value, epoch, created, created, None, 0, 0)
        db.execute("INSERT INTO run VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*run, row_seal("run", run)))
        waiting = [(n, task, TaskState.WAITING.value, None, None, None) for n, task in enumerate(tasks, 1)]
        db.executemany(
            "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row, row_seal("tasks", row)) for row in waiting],
        )

    path = os.path.join(directory, FILE)
    if not os.path.lexists(path):
        make_file(LEDGER, path, fill)
    return SqliteLedger(directory, write=True)
