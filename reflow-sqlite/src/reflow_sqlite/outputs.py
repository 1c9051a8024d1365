"""Writing what instances returned to a ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from reflow.plugin import OutputRow
from reflow_sqlite.insertion import Insertion
from reflow_sqlite.rows import output_seal

_INSERT = Insertion("INSERT INTO outputs", 10, "ON CONFLICT (task, idx, attempt) DO NOTHING", long=(5, 6))
_FIND = """
SELECT number, output, value, items, reusable, paths FROM outputs WHERE task = ? AND idx = ? AND attempt = ?
"""
_DELETE = "DELETE FROM outputs WHERE task = ? AND idx = ? AND attempt = ?"
_LINK = "UPDATE instances SET output = ? WHERE task = ? AND idx = ? AND output = ?"

Written = dict[tuple[int, int, bytes], int]  #: the number of each output, by task, index and hash


def write_outputs(
    db: sqlite3.Connection, tasks: Mapping[str, int], rows: Iterable[OutputRow], first: int
) -> Written:
    """Write outputs under new numbers from ``first``, and return these; what is there already keeps its number."""
    outputs = [_columns(number, tasks[row[0]], row) for number, row in enumerate(rows, first)]
    written = {(row[1], row[2], row[4]): row[0] for row in outputs}
    if _INSERT.write(db, outputs) < len(outputs):
        for newest, row in enumerate(outputs, first + len(outputs)):
            written[row[1], row[2], row[4]] = _settle(db, row, newest)
    return written


def _columns(number: int, task: int, row: OutputRow) -> tuple[Any, ...]:
    head = (number, task, row.index, row.attempt, row.output, int(row.reusable), int(row.paths))
    return (*head[:5], row.value, row.items, *head[5:], output_seal(head, row.value, row.items))


def _settle(db: sqlite3.Connection, row: tuple[Any, ...], newest: int) -> int:
    """Return the number of a row whose key may have been taken: one that is not the same is replaced."""
    key, content = row[1:4], row[4:9]
    number, *found = db.execute(_FIND, key).fetchone()
    if tuple(found) == content:
        return int(number)
    _, task, index, attempt, output, value, items, reusable, paths, _ = row
    sealed = output_seal((newest, task, index, attempt, output, reusable, paths), value, items)
    db.execute(_DELETE, key)
    db.execute(_INSERT.one, (newest, *row[1:9], sealed))
    db.execute(_LINK, (newest, *key[:2], output))
    return newest
