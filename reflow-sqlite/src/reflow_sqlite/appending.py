"""Adding to the results, inside a transaction that somebody else holds: rows are never changed, but marked as stale."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from reflow.plugin import Context, NewResult
from reflow_sqlite.changes import now_ms
from reflow_sqlite.connection import Row
from reflow_sqlite.failures import Torn
from reflow_sqlite.insertion import Insertion, plain
from reflow_sqlite.seals import check_row, has_sealed_head, is_sealed, row_seal, value_seal

_CONTEXT_COLUMNS = "run_id, task, key, version, code, source, file, parts, varying"
CONTEXT = f"SELECT id, {_CONTEXT_COLUMNS}, created, seal FROM contexts c"
# Left to itself, SQLite takes the index of the key, and walks through all runs of a task.
_FIND_CONTEXT = f"""
{CONTEXT} INDEXED BY contexts_of WHERE ({_CONTEXT_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_CONTEXT = "INSERT INTO contexts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NEW_CONTEXT = "SELECT coalesce(max(id), 0) + 1 FROM contexts"
_INSERT = Insertion(
    "INSERT INTO results (context, idx, attempt, identity, output, edition, value, items, paths, parts, created, seal)",
    12,
    "ON CONFLICT (substr(identity, 1, 4), substr(output, 1, 1), edition) DO NOTHING",
    long=(6, 7),
)
_LIKE = """
SELECT r.identity, r.output, edition, context, idx, attempt, value, code, source, file, r.number
FROM results r JOIN contexts c ON c.id = r.context
WHERE substr(r.identity, 1, 4) = substr(?, 1, 4) AND substr(r.output, 1, 1) = substr(?, 1, 1)
"""
# CROSS JOIN goes from the rows of a pair to those of the same attempts under other identities, each by an index.
_PAIR = """
SELECT number, context, idx, attempt, identity, output, edition, value, items, paths, parts, created, seal
FROM results WHERE number IN (
  SELECT s.number FROM results r CROSS JOIN contexts c ON c.id = r.context
    CROSS JOIN contexts d INDEXED BY contexts_of ON (d.run_id, d.task) = (c.run_id, c.task)
    CROSS JOIN results s INDEXED BY results_by
      ON (s.context, s.idx, s.attempt, s.output) = (d.id, r.idx, r.attempt, r.output)
  WHERE substr(r.identity, 1, 4) = substr(?1, 1, 4) AND r.identity = ?1 AND r.output = ?2
    AND NOT EXISTS (SELECT 1 FROM stale WHERE result = r.number)
) AND NOT EXISTS (SELECT 1 FROM stale WHERE result = number)
"""
_CURRENT = """
SELECT max(number) FROM results
WHERE substr(identity, 1, 4) = substr(?1, 1, 4) AND identity = ?1
AND NOT EXISTS (SELECT 1 FROM stale WHERE result = number)
"""
_STALE = "INSERT INTO stale VALUES (?, ?, ?, ?)"


def append_results(db: sqlite3.Connection, context: Context, batch: Sequence[NewResult]) -> None:
    """Add results of one task of one run."""
    number, since = _context(db, context, batch[0].created)
    rows = [_columns(number, since, new) for new in batch]
    if _INSERT.write(db, rows) < len(rows):
        for row in rows:
            _settle(db, context, row)


def result_seal(row: Row, *, stale: bool) -> int:
    """Return the seal of a result, given its columns from ``context`` to ``created``, with whether it is stale."""
    context, index, attempt, identity, output, edition, value, items, paths, parts, created = row
    columns = (context, index, attempt, edition, paths, created, stale)
    return value_seal(identity + output + parts, columns, value, items)


def check_result(row: Row, *, stale: bool) -> None:
    """Raise `Torn` where such columns and a seal behind them do not fit; a value that is long may be left out."""
    context, index, attempt, identity, output, edition, value, items, paths, parts, created, sealed = row
    digests, columns = identity + output + parts, (context, index, attempt, edition, paths, created, stale)
    if value is None:
        is_sound = has_sealed_head(sealed, digests, columns)
    else:
        is_sound = is_sealed(sealed, digests, columns, value, items)
    if not is_sound:
        raise Torn(f"the result {identity.hex()[:12]}")


def context_of(row: Row) -> tuple[int, Context, int]:
    """Return the number of a row of `CONTEXT`, what it says, and what its results' times count from."""
    *columns, sealed = row
    check_row("contexts", columns, sealed, f"what it says of context {columns[0]}")
    number, run_id, task, key, version, code, source, file, parts, varying, created = columns
    names = tuple(json.loads(varying))
    return number, Context(run_id, task, key, version, code, source, file, parts, names), created


def _columns(context: int, since: int, new: NewResult) -> tuple[Any, ...]:
    row = (
        *(context, new.index, new.attempt, new.identity, new.output, 0, new.value, new.items),
        *(int(new.paths), new.parts, new.created - since),
    )
    return (*row, result_seal(row, stale=False))


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
    moved = (*row[:5], newest + 1, *row[6:-1])
    db.execute(_INSERT.one, (*moved, result_seal(moved, stale=False)))


def invalidate_results(db: sqlite3.Connection, pairs: Sequence[tuple[bytes, bytes]], reason: str) -> None:
    """Mark all rows of pairs of identity and output as stale, and what the same attempts are under other identities."""
    now = now_ms()
    for pair in pairs:
        for number, *row in db.execute(_PAIR, pair).fetchall():
            check_result(row, stale=False)
            mark = (number, plain(reason), now)
            db.execute(_STALE, (*mark, row_seal("stale", mark)))
            db.execute(
                "UPDATE results SET seal = ? WHERE number = ?", (result_seal(row[:-1], stale=True), number)
            )


def _context(db: sqlite3.Connection, context: Context, created: int) -> tuple[int, int]:
    """Return the number of a context, and what its results' times count from."""
    row = (*context[:6], plain(context.file), context.parts, json.dumps(context.varying))
    found = db.execute(_FIND_CONTEXT, row).fetchone()
    if found:
        number, _, since = context_of(found)
        return number, since
    ((number,),) = db.execute(_NEW_CONTEXT).fetchall()
    columns = (number, *row, created)
    db.execute(_ADD_CONTEXT, (*columns, row_seal("contexts", columns)))
    return number, created
