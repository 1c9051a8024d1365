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
from reflow_sqlite.connection import Connection
from reflow_sqlite.failures import damaged
from reflow_sqlite.files import make_file
from reflow_sqlite.schema import CODES, LEDGER

FILE = "ledger.db"
ROWS_AT_ONCE = 2_000  #: of values that are streamed; the file is let go between
TEXT_AT_ONCE = 8 << 20

_SUCCEEDED = f" AND i.state = {CODES['succeeded']}"
_T = TypeVar("_T")


class SqliteLedger(Ledger):
    """A ledger in one SQLite file."""

    def __init__(self, directory: str, *, write: bool) -> None:
        self._connection = Connection(LEDGER, os.path.join(directory, FILE), write=write)

    def overview(self) -> Overview:
        return self._whole(lambda: rows.read_overview(self._connection))

    def instances(
        self, task: str, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[InstanceRow]:
        return self._whole(lambda: rows.read_instances(self._connection, task, states, indices))

    def items(self, task: str) -> dict[int, bytes]:
        return dict(self._connection.read(rows.ITEMS + _SUCCEEDED + " ORDER BY i.idx", (task,)))

    def values(self, task: str, indices: Collection[int] = ()) -> Iterator[StoredValue]:
        for chosen in rows.chosen("i", (InstanceState.SUCCEEDED,), indices):
            last = -1
            while found := self._whole(partial(self._some_values, task, chosen, last)):
                yield from found
                last = found[-1].index

    def attempts(
        self, task: str | None = None, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[AttemptRow]:
        of_task = "" if task is None else " AND a.task = (SELECT id FROM tasks WHERE name = ?)"
        found = [
            rows.attempt_of(row)
            for chosen in rows.chosen("a", states, indices)
            for row in self._connection.read(
                rows.ATTEMPTS + of_task + chosen, () if task is None else (task,)
            )
        ]
        return sorted(found, key=lambda row: row[:3])

    def submissions(self, tokens: Collection[str] = ()) -> list[SubmissionRow]:
        wanted = set(tokens)
        found = self._connection.read(rows.SUBMISSIONS + "ORDER BY number, s.token")
        return [SubmissionRow(*row) for row in found if not wanted or row[0] in wanted]

    def segments(self, token: str) -> set[str]:
        found = self._connection.read(
            "SELECT name FROM segments WHERE token = (SELECT id FROM tokens WHERE token = ?)", (token,)
        )
        return {name for (name,) in found}

    def unpublished(self, limit: int) -> list[Unpublished]:
        return self._whole(lambda: self._some_unpublished(limit))

    def take_epoch(self) -> int:
        from reflow_sqlite.changes import take_epoch  # who only reads does without it

        return self._write(take_epoch)

    def apply(self, changes: Changes, epoch: int) -> None:
        from reflow_sqlite.changes import Writer

        self._write(lambda db: Writer(db).write(changes, epoch))

    def close(self) -> None:
        self._connection.close()

    def _some_values(self, task: str, chosen: str, last: int) -> list[StoredValue]:
        found: list[StoredValue] = []
        size = 0
        query = f"{rows.VALUES}{chosen} ORDER BY i.idx LIMIT {ROWS_AT_ONCE}"
        with contextlib.closing(self._connection.stream(query, (task, last))) as stream:
            for row in stream:
                found.append(rows.value_of(task, row))
                size += len(found[-1].value)
                if size > TEXT_AT_ONCE:
                    break
        return found

    def _some_unpublished(self, limit: int) -> list[Unpublished]:
        found: list[Unpublished] = []
        size = 0
        with contextlib.closing(self._connection.stream(rows.UNPUBLISHED, (limit,))) as stream:
            for row in stream:
                found.append(rows.unpublished_of(row))
                size += len(found[-1].output.value)
                if size > TEXT_AT_ONCE:
                    break
        return found

    def _write(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        if not self._connection.write:
            raise StoreError(f"the ledger {self._connection.path} was opened for reading")
        with self._connection.transaction() as db:
            return act(db)

    def _whole(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except (rows.Torn, KeyError, ValueError, TypeError) as error:
            raise damaged(LEDGER, self._connection.path, f"{error} is not as it was written") from error


def create(directory: str, run_id: str, workflow: str, tasks: Sequence[str], created: int) -> SqliteLedger:
    """Make the ledger of a new run, with all its tasks waiting, unless it is there; open it for writing."""

    def fill(db: sqlite3.Connection) -> None:
        state = RunState.RUNNING.value
        db.execute(
            "INSERT INTO run VALUES (1, ?, ?, ?, 0, ?, ?, NULL, 0, 0)",
            (run_id, workflow, state, created, created),
        )
        db.executemany(
            "INSERT INTO tasks (name, state) VALUES (?, ?)",
            [(task, TaskState.WAITING.value) for task in tasks],
        )

    path = os.path.join(directory, FILE)
    if not os.path.lexists(path):
        make_file(LEDGER, path, fill)
    return SqliteLedger(directory, write=True)
