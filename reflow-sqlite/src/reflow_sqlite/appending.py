"""Adding to the results, inside a transaction that somebody else holds: rows are never changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from reflow.plugin import Context, NewResult
from reflow_sqlite.changes import now_ms, plain
from reflow_sqlite.seals import seal

_CONTEXT_COLUMNS = "run_id, task, key, version, code, source, file, parts, varying"
# Left to itself, SQLite takes the index of the key, and walks through all runs of a task.
_FIND_CONTEXT = f"""
SELECT id FROM contexts INDEXED BY contexts_of WHERE ({_CONTEXT_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_CONTEXT = f"INSERT INTO contexts ({_CONTEXT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT = """
INSERT INTO results (
  context, idx, attempt, identity, output, edition, value, items, paths, parts, created, seal
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (substr(identity, 1, 4), substr(output, 1, 1), edition) DO NOTHING
"""
_LIKE = """
SELECT r.identity, r.output, edition, context, idx, attempt, value, code, source, file, r.number
FROM results r JOIN contexts c ON c.id = r.context
WHERE substr(r.identity, 1, 4) = substr(?, 1, 4) AND substr(r.output, 1, 1) = substr(?, 1, 1)
"""
_CURRENT = """
SELECT max(number) FROM results
WHERE substr(identity, 1, 4) = substr(?1, 1, 4) AND identity = ?1
AND NOT EXISTS (SELECT 1 FROM stale WHERE result = number)
"""
_INVALIDATE = """
INSERT OR IGNORE INTO stale SELECT number, ?3, ?4 FROM results
WHERE substr(identity, 1, 4) = substr(?1, 1, 4) AND identity = ?1 AND output = ?2
"""


def append_results(db: sqlite3.Connection, context: Context, batch: Sequence[NewResult]) -> None:
    """Add results of one task of one run."""
    number = _context_number(db, context)
    rows = [
        (
            *(number, new.index, new.attempt, new.identity, new.output, 0, new.value, new.items, new.paths),
            *(new.parts, new.created, seal(new.value, new.output, new.items)),
        )
        for new in batch
    ]
    if db.executemany(_INSERT, rows).rowcount < len(rows):
        for row in rows:
            _settle(db, context, row)


def _settle(db: sqlite3.Connection, context: Context, row: tuple[Any, ...]) -> None:
    """Add a row, unless there is one of this very attempt, or the current one of its identity is as good."""
    origin, pair, value = row[:3], row[3:5], row[6]
    newest = -1
    (current,) = db.execute(_CURRENT, pair[:1]).fetchone()
    code = (context.code, context.source, plain(context.file))
    for identity, output, edition, *rest, number in db.execute(_LIKE, pair).fetchall():
        newest = max(newest, edition)
        is_as_good = tuple(rest[3:]) == (value, *code) and number == current
        if (identity, output) == pair and (tuple(rest[:3]) == origin or is_as_good):
            return
    db.execute(_INSERT, (*row[:5], newest + 1, *row[6:]))


def invalidate_results(db: sqlite3.Connection, pairs: Sequence[tuple[bytes, bytes]], reason: str) -> None:
    """Mark all rows of pairs of identity and output as stale."""
    now = now_ms()
    db.executemany(_INVALIDATE, [(*pair, plain(reason), now) for pair in pairs])


def _context_number(db: sqlite3.Connection, context: Context) -> int:
    row = (*context[:6], plain(context.file), context.parts, json.dumps(context.varying))
    found = db.execute(_FIND_CONTEXT, row).fetchone()
    return int(found[0] if found else db.execute(_ADD_CONTEXT, row).lastrowid or 0)
