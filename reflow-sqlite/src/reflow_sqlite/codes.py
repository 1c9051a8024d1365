"""What made results: hashes of code, what these are made of, and which of them were accepted for others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from reflow.plugin import Acceptance, Context, Maker, NewResult
from reflow_sqlite.changes import plain
from reflow_sqlite.connection import Row

Read = Callable[[str, Sequence[object]], list[Row]]

ROWS_AT_ONCE = 500  #: rows that are read, and bound parameters of one query
_PARTS = "SELECT hash, parts FROM code WHERE hash IN ({marks})"
_ADD_PARTS = "INSERT OR IGNORE INTO code VALUES (?, ?)"
_IS_CURRENT = "NOT EXISTS (SELECT 1 FROM stale WHERE result = r.number)"
_MAKERS = f"""
SELECT code, source, file, COUNT(*) FROM contexts c JOIN results r ON r.context = c.id
WHERE key = ? AND {_IS_CURRENT} GROUP BY code, source, file ORDER BY MAX(r.number)
"""
_MADE_BY = f"""
SELECT r.number, run_id, task, key, version, code, source, file, c.parts, varying,
  identity, output, value, items, paths, idx, attempt, r.parts, created
FROM results r JOIN contexts c ON c.id = r.context
WHERE r.number > ? AND key = ? AND code IN ({{marks}}) AND {_IS_CURRENT} ORDER BY r.number LIMIT {ROWS_AT_ONCE}
"""
_ACCEPT = "INSERT OR IGNORE INTO accepts (key, old, new, who, reason, created) VALUES (?, ?, ?, ?, ?, ?)"
_ACCEPTS = "SELECT key, old, new, {told}, created FROM accepts WHERE key = ? ORDER BY created, old, new"


def find_parts(read: Read, hashes: Collection[bytes]) -> dict[bytes, str]:
    """Return what hashes of code were made of, as far as that is known."""
    wanted = list(hashes)
    found: dict[bytes, str] = {}
    for first in range(0, len(wanted), ROWS_AT_ONCE):
        some = wanted[first : first + ROWS_AT_ONCE]
        found.update(read(_PARTS.format(marks=_marks(some)), some))
    return found


def add_parts(db: sqlite3.Connection, parts: Mapping[bytes, str]) -> None:
    """Keep what hashes of code were made of."""
    db.executemany(_ADD_PARTS, [(code, plain(text)) for code, text in parts.items()])


def find_makers(read: Read, key: str) -> list[Maker]:
    """Return what made the current results of a task."""
    return [Maker(*row) for row in read(_MAKERS, (key,))]


def find_made_by(read: Read, key: str, codes: Collection[bytes]) -> Iterator[tuple[Context, NewResult]]:
    """Stream the current results of a task that these codes made; the file is let go between."""
    query = _MADE_BY.format(marks=_marks(codes))
    number = 0
    while rows := read(query, (number, key, *codes)):
        for row in rows:
            context = Context._make((*row[1:9], tuple(json.loads(row[9]))))
            yield context, NewResult._make((*row[10:14], row[14] == 1, *row[15:]))
        number = rows[-1][0]


def add_acceptances(db: sqlite3.Connection, acceptances: Sequence[Acceptance]) -> None:
    """Keep who takes results of other code for good."""
    there = {column[1] for column in db.execute("PRAGMA table_info(accepts)")}
    for name in {"who", "reason"} - there:  # the first stores kept the time alone
        db.execute(f"ALTER TABLE accepts ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
    rows = [(*one[:3], plain(one.who), plain(one.reason), one.created) for one in acceptances]
    db.executemany(_ACCEPT, rows)


def find_acceptances(read: Read, key: str) -> list[Acceptance]:
    """Return what was accepted of a task."""
    names = {row[1] for row in read("PRAGMA table_info(accepts)", ())}
    told = "who, reason" if {"who", "reason"} <= names else "'', ''"
    return [Acceptance(*row) for row in read(_ACCEPTS.format(told=told), (key,))]


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))
