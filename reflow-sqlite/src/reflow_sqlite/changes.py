"""Writing a batch of changes to a ledger, inside a transaction that somebody else holds."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable

from reflow.plugin import (
    AttemptRow,
    Changes,
    Fenced,
    InstanceRow,
    InstanceState,
)
from reflow_sqlite.numbers import Numbers
from reflow_sqlite.outputs import write_outputs
from reflow_sqlite.schema import CODES

_INSTANCE = """
INSERT INTO instances (
  task, idx, state, identity, attempt, output, token, position, fresh, parts, tries, reason
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task, idx) DO UPDATE SET
  state = excluded.state, identity = excluded.identity, attempt = excluded.attempt, output = excluded.output,
  token = excluded.token, position = excluded.position, fresh = excluded.fresh, parts = excluded.parts,
  tries = excluded.tries, reason = excluded.reason
"""
_TASK = """
INSERT INTO tasks (name, state, total, reason, parts) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
  state = excluded.state, total = excluded.total, reason = excluded.reason, parts = excluded.parts
"""
_NUMBER = "SELECT max(number) FROM outputs WHERE task = ? AND idx = ? AND output = ?"
_ATTEMPT = "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SUBMISSION = "INSERT OR REPLACE INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Writer:
    """Writes one batch of changes; lives for one transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._tasks = Numbers(db, "tasks", "name")
        self._tokens = Numbers(db, "tokens", "token", add=True)
        self._hosts = Numbers(db, "hosts", "host", add=True)

    def write(self, changes: Changes, epoch: int) -> None:
        """Write everything, or raise `Fenced` before anything is written."""
        self._fence(epoch)
        self._run(changes)
        for task in changes.tasks:
            self._db.execute(_TASK, (task.task, task.state.value, task.total, plain(task.reason), task.parts))
        for submission in changes.submissions:
            self._db.execute(_SUBMISSION, (self._tokens[submission.token], *submission[1:]))
        for token, name in changes.segments:
            self._db.execute("INSERT OR IGNORE INTO segments VALUES (?, ?)", (self._tokens[token], name))
        for dropped in changes.dropped:
            self._db.execute("DELETE FROM instances WHERE task = ?", (self._tasks[dropped],))
        written = write_outputs(self._db, self._tasks, changes.outputs)
        self._instances(changes.instances, written)
        self._attempts(changes.attempts)

    def _fence(self, epoch: int) -> None:
        done = self._db.execute(
            "UPDATE run SET updated = max(updated, ?), written = (SELECT coalesce(max(number), 0) FROM outputs)"
            " WHERE epoch = ?",
            (now_ms(), epoch),
        )
        if done.rowcount != 1:
            raise Fenced(f"another process advances this run now: epoch {epoch} is over")

    def _run(self, changes: Changes) -> None:
        if changes.run is not None:
            self._db.execute(
                "UPDATE run SET state = ?, ended = CASE WHEN ? THEN coalesce(ended, updated) END",
                (changes.run.value, changes.run.is_over),
            )
        if changes.published is not None:
            self._db.execute("UPDATE run SET published = ?", (changes.published,))

    def _instances(self, rows: Iterable[InstanceRow], written: dict[tuple[int, int, bytes], int]) -> None:
        tasks, tokens = self._tasks, self._tokens

        def kept(task: int, row: InstanceRow, output: bytes) -> bytes | int:
            """Return the number of the row that holds an output, or the output when no row does."""
            number = written.get((task, row.index, output))
            if number is None and row.state is InstanceState.SUCCEEDED:
                number = self._db.execute(_NUMBER, (task, row.index, output)).fetchone()[0]
            return output if number is None else number

        self._db.executemany(
            _INSTANCE,
            (
                (
                    (task := tasks[row.task]),
                    row.index,
                    CODES[row.state._value_],
                    row.identity,
                    row.attempt,
                    None if row.output is None else kept(task, row, row.output),
                    None if row.submission is None else tokens[row.submission],
                    row.position,
                    row.fresh,
                    row.parts,
                    row.tries,
                    plain(row.reason),
                )
                for row in rows
            ),
        )

    def _attempts(self, rows: Iterable[AttemptRow]) -> None:
        tasks, tokens, hosts = self._tasks, self._tokens, self._hosts
        self._db.executemany(
            _ATTEMPT,
            (
                (
                    *(
                        tasks[row.task],
                        row.index,
                        row.attempt,
                        tokens[row.submission],
                        row.element,
                        row.start,
                    ),
                    *(CODES[row.state._value_], row.started, _since(row.ended, row.started)),
                    *(row.log_start, _since(row.log_end, row.log_start)),
                    *(None if row.host is None else hosts[row.host], plain(row.reason), plain(row.error)),
                )
                for row in rows
            ),
        )


def _since(end: int | None, start: int | None) -> int | None:
    return end if end is None or start is None else end - start


def take_epoch(db: sqlite3.Connection) -> int:
    """Count the epoch up, note who did, and return it."""
    db.execute("UPDATE run SET epoch = epoch + 1, updated = max(updated, ?)", (now_ms(),))
    (epoch,) = db.execute("SELECT epoch FROM run").fetchone()
    holder = f"{os.uname().nodename}:{os.getpid()}"
    db.execute("INSERT INTO epochs VALUES (?, ?, ?)", (epoch, now_ms(), holder))
    return int(epoch)


def now_ms() -> int:
    """Return the time in whole milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def plain(text: str | None) -> str | None:
    """Return a text that SQLite takes: what a broken file name left in it is written out."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
