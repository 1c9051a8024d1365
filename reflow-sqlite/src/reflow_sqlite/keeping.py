"""How much there is in the results, and taking away what is old: small steps, each a transaction of its own."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from reflow.plugin import Figures, OldResult
from reflow_sqlite.appending import check_result
from reflow_sqlite.changes import now_ms
from reflow_sqlite.connection import Row
from reflow_sqlite.schema import VERSION
from reflow_sqlite.seals import row_seal

Read = Callable[[str, Sequence[object]], list[Row]]

ROWS_AT_ONCE = 2_000
PAGES_AT_ONCE = 1_000  #: that are given back in one transaction

_COUNTS = """
SELECT (SELECT count(*) FROM results), (SELECT count(*) FROM stale), (SELECT count(*) FROM runs),
  (SELECT count(DISTINCT key) FROM contexts c WHERE EXISTS (SELECT 1 FROM results WHERE context = c.id))
"""
_MADE = """
SELECT min(r.created + c.created), max(r.created + c.created) FROM results r JOIN contexts c ON c.id = r.context
"""
_OLD = f"""
SELECT number, identity, output, run_id,
  length(CAST(value AS BLOB)) + coalesce(length(items), 0) + length(r.parts) + 120
FROM results r JOIN contexts c ON c.id = r.context
WHERE number > ? AND r.created + c.created < ? ORDER BY number LIMIT {ROWS_AT_ONCE}
"""
_ROW = """
SELECT s.reason, context, idx, attempt, identity, output, edition, value, items, paths, parts, r.created, r.seal
FROM results r LEFT JOIN stale s ON s.result = r.number WHERE number = ?
"""
_FORGET = "INSERT OR IGNORE INTO forgotten (identity, output, reason, created, seal) VALUES (?, ?, ?, ?, ?)"

# The last one stays, so that no number is given to another: who has the file open remembers what each stands for.
_FORGET_CONTEXTS = """
DELETE FROM contexts
WHERE id < (SELECT max(id) FROM contexts) AND NOT EXISTS (SELECT 1 FROM results WHERE context = contexts.id)
"""


def read_figures(read: Read, path: str) -> Figures:
    """Return how much there is."""
    ((results, stale, runs, tasks),) = read(_COUNTS, ())
    (made,) = read(_MADE, ())
    return Figures(path, os.stat(path).st_size, VERSION, results, stale, runs, tasks, *made)


def read_old(read: Read, before: int) -> Iterator[OldResult]:
    """Stream the results that were made before a moment; the file is let go between."""
    number = 0
    while found := read(_OLD, (number, before)):
        yield from (OldResult(*row) for row in found)
        number = found[-1][0]


def remove_results(db: sqlite3.Connection, results: Sequence[OldResult]) -> None:
    """Take results away, and write down of those that were stale that they were."""
    for one in results:
        found = db.execute(_ROW, (one.number,)).fetchall()
        for reason, *row in found:
            check_result(row, stale=reason is not None)
            if reason is not None:
                mark = (one.identity, one.output, reason, now_ms())
                db.execute(_FORGET, (*mark, row_seal("forgotten", mark)))
    numbers = [(one.number,) for one in results]
    for table, column in (
        ("stale", "result"),
        ("stamps", "result"),
        ("verdicts", "result"),
        ("results", "number"),
    ):
        db.executemany(f"DELETE FROM {table} WHERE {column} = ?", numbers)
    db.execute(_FORGET_CONTEXTS)


def give_back(db: sqlite3.Connection) -> bool:
    """Give back the space of some pages, and return whether there are more."""
    db.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
    ((left,),) = db.execute("PRAGMA freelist_count").fetchall()
    return bool(left)
