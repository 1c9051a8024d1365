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
from reflow_sqlite.insertion import Insertion, plain
from reflow_sqlite.numbers import Numbers
from reflow_sqlite.outputs import Written, write_outputs
from reflow_sqlite.overview import Reader
from reflow_sqlite.rows import RunRow, attempt_columns, attempt_seal, instance_seal, read_run
from reflow_sqlite.schema import CODES
from reflow_sqlite.seals import row_seal

_RUN = "UPDATE run SET state = ?, epoch = ?, updated = ?, ended = ?, published = ?, written = ?, seal = ?"
_INSTANCE = Insertion(
    "INSERT INTO instances"
    " (task, idx, state, identity, attempt, output, token, position, fresh, parts, tries, reason, seal)",
    13,
    """ON CONFLICT (task, idx) DO UPDATE SET
  state = excluded.state, identity = excluded.identity, attempt = excluded.attempt, output = excluded.output,
  token = excluded.token, position = excluded.position, fresh = excluded.fresh, parts = excluded.parts,
  tries = excluded.tries, reason = excluded.reason, seal = excluded.seal""",
)
_TASK = """
INSERT INTO tasks (id, name, state, total, reason, parts, seal) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  state = excluded.state, total = excluded.total, reason = excluded.reason, parts = excluded.parts, seal = excluded.seal
"""
_NUMBER = "SELECT max(number) FROM outputs WHERE task = ? AND idx = ? AND output = ?"
_ATTEMPT = Insertion(
    "INSERT INTO attempts",
    15,
    """ON CONFLICT (task, idx, attempt) DO UPDATE SET
  token = excluded.token, element = excluded.element, start = excluded.start, state = excluded.state,
  started = excluded.started, ended = excluded.ended, log_start = excluded.log_start, log_end = excluded.log_end,
  host = excluded.host, reason = excluded.reason, error = excluded.error, seal = excluded.seal""",
)
_SUBMISSION = "INSERT OR REPLACE INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SEGMENT = "INSERT OR IGNORE INTO segments (token, name, seal) VALUES (?, ?, ?)"


class Writer:
    """Writes one batch of changes; lives for one transaction."""

    def __init__(self, db: sqlite3.Connection, reader: Reader) -> None:
        self._db = db
        self._run = read_run(db)
        self._tasks = reader.numbers
        self._touched = reader.touched
        self._tokens = Numbers(db, "tokens", reader.tokens)
        self._hosts = Numbers(db, "hosts", reader.hosts)
        self._settled: list[InstanceRow] = []

    def write(self, changes: Changes, epoch: int) -> list[InstanceRow]:
        """Write everything, or raise `Fenced` before anything is written.

        Returns:
            The instances as reading gives them back, in the order in which they were written.
        """
        if self._run.epoch != epoch:
            raise Fenced(f"another process advances this run now: epoch {epoch} is over")
        ((newest,),) = self._db.execute("SELECT coalesce(max(number), 0) FROM outputs").fetchall()
        write_run(self._db, self._moved_on(changes, newest))
        for task in changes.tasks:
            row = (
                self._tasks[task.task],
                task.task,
                task.state.value,
                task.total,
                plain(task.reason),
                task.parts,
            )
            self._db.execute(_TASK, (*row, row_seal("tasks", row)))
            self._touched.add(row[0])
        for submission in changes.submissions:
            columns = (self._tokens[submission.token], *submission[1:])
            self._db.execute(_SUBMISSION, (*columns, row_seal("submissions", columns)))
        for token, name in changes.segments:
            segment = (self._tokens[token], name)
            self._db.execute(_SEGMENT, (*segment, row_seal("segments", segment)))
        for dropped in changes.dropped:
            self._db.execute("DELETE FROM instances WHERE task = ?", (self._tasks[dropped],))
            self._touched.add(self._tasks[dropped])
        written = write_outputs(self._db, self._tasks, changes.outputs, newest + 1)
        self._instances(changes.instances, written)
        self._attempts(changes.attempts)
        return self._settled

    def _moved_on(self, changes: Changes, newest: int) -> RunRow:
        run = self._run._replace(updated=max(self._run.updated, now_ms()), written=newest)
        if changes.run is not None:
            ended = (run.ended or run.updated) if changes.run.is_over else None
            run = run._replace(state=changes.run.value, ended=ended)
        return run if changes.published is None else run._replace(published=changes.published)

    def _instances(self, rows: Iterable[InstanceRow], written: Written) -> None:
        _INSTANCE.write(self._db, (self._instance(row, written) for row in rows))

    def _instance(self, row: InstanceRow, written: Written) -> tuple[object, ...]:
        if row.reason is not None:
            row = row._replace(reason=plain(row.reason))
        self._settled.append(row)
        task = self._tasks[row.task]
        self._touched.add(task)
        token = None if row.submission is None else self._tokens[row.submission]
        _, index, state, identity, attempt, output, _, position, fresh, parts, tries, reason = row
        code = CODES[state._value_]
        numbers = (task, index, code, attempt, token, position, fresh)
        sealed = instance_seal((identity, parts, output), numbers, (tries, reason))
        kept = None if output is None else self._kept(task, row, output, written)
        head = (task, index, code, identity, attempt, kept, token, position, int(fresh), parts)
        return (*head, tries, reason, sealed)

    def _kept(self, task: int, row: InstanceRow, output: bytes, written: Written) -> bytes | int:
        """Return the number of the row that holds an output, or the output when no row does."""
        number = written.get((task, row.index, output))
        if number is None and row.state is InstanceState.SUCCEEDED:
            number = self._db.execute(_NUMBER, (task, row.index, output)).fetchone()[0]
        return output if number is None else number

    def _attempts(self, rows: Iterable[AttemptRow]) -> None:
        _ATTEMPT.write(self._db, (self._attempt(row) for row in rows))

    def _attempt(self, row: AttemptRow) -> tuple[object, ...]:
        host = None if row.host is None else self._hosts[row.host]
        task, token = self._tasks[row.task], self._tokens[row.submission]
        self._touched.add(task)
        columns = attempt_columns(task, row, token, host, self._run.created)
        columns = (*columns, plain(row.reason), plain(row.error))
        return (*columns, attempt_seal(columns))


def take_epoch(db: sqlite3.Connection) -> int:
    """Count the epoch up, note who did, and return it."""
    run = read_run(db)
    run = run._replace(epoch=run.epoch + 1, updated=max(run.updated, now_ms()))
    write_run(db, run)
    holder = f"{os.uname().nodename}:{os.getpid()}"
    db.execute("INSERT INTO epochs VALUES (?, ?, ?)", (run.epoch, now_ms(), holder))
    return run.epoch


def write_run(db: sqlite3.Connection, run: RunRow) -> None:
    """Write what a ledger says of its run."""
    db.execute(_RUN, (*run[2:4], *run[5:], row_seal("run", run)))


def now_ms() -> int:
    """Return the time in whole milliseconds since 1970."""
    return time.time_ns() // 1_000_000
