"""What made results: hashes of code, what these are made of, and which of them were accepted for others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from reflow.plugin import Acceptance, Context, Maker, NewResult
from reflow_sqlite.appending import check_result
from reflow_sqlite.connection import Row
from reflow_sqlite.insertion import plain
from reflow_sqlite.seals import check_row, row_seal

Read = Callable[[str, Sequence[object]], list[Row]]

ROWS_AT_ONCE = 500  #: rows that are read, and bound parameters of one query
_PARTS = "SELECT hash, parts, seal FROM code WHERE hash IN ({marks})"
_ADD_PARTS = "INSERT OR IGNORE INTO code VALUES (?, ?, ?)"
_IS_CURRENT = "NOT EXISTS (SELECT 1 FROM stale WHERE result = r.number)"
_MAKERS = f"""
SELECT code, source, file, COUNT(*) FROM contexts c JOIN results r ON r.context = c.id
WHERE key = ? AND {_IS_CURRENT} GROUP BY code, source, file ORDER BY MAX(r.number)
"""
_MADE_BY = f"""
SELECT r.number, run_id, task, key, version, code, source, file, c.parts, varying, c.created,
  context, idx, attempt, identity, output, edition, value, items, paths, r.parts, r.created, r.seal
FROM results r JOIN contexts c ON c.id = r.context
WHERE r.number > ? AND key = ? AND code IN ({{marks}}) AND {_IS_CURRENT} ORDER BY r.number LIMIT {ROWS_AT_ONCE}
"""
_ACCEPT = """
INSERT OR IGNORE INTO accepts (key, old, new, who, reason, created, seal) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_ACCEPTS = "SELECT key, old, new, who, reason, created, seal FROM accepts"


def find_parts(read: Read, hashes: Collection[bytes]) -> dict[bytes, str]:
    """Return what hashes of code were made of, as far as that is known."""
    wanted = list(hashes)
    found: dict[bytes, str] = {}
    for first in range(0, len(wanted), ROWS_AT_ONCE):
        some = wanted[first : first + ROWS_AT_ONCE]
        for code, parts, sealed in read(_PARTS.format(marks=_marks(some)), some):
            check_row("code", (code, parts), sealed, f"the parts of code {code.hex()[:12]}")
            found[code] = parts
    return found


def add_parts(db: sqlite3.Connection, parts: Mapping[bytes, str]) -> None:
    """Keep what hashes of code were made of."""
    rows = [(code, plain(text)) for code, text in parts.items()]
    db.executemany(_ADD_PARTS, [(*row, row_seal("code", row)) for row in rows])


def find_makers(read: Read, key: str) -> list[Maker]:
    """Return what made the current results of a task."""
    return [Maker(*row) for row in read(_MAKERS, (key,))]


def find_made_by(read: Read, key: str, codes: Collection[bytes]) -> Iterator[tuple[Context, NewResult]]:
    """Stream the current results of a task that these codes made; the file is let go between."""
    query = _MADE_BY.format(marks=_marks(codes))
    number = 0
    while rows := read(query, (number, key, *codes)):
        for row in rows:
            check_result(row[11:], stale=False)
            context = Context._make((*row[1:9], tuple(json.loads(row[9]))))
            _, index, attempt, identity, output, _, value, items, paths, parts, created, _ = row[11:]
            made = created + row[10]
            yield context, NewResult(identity, output, value, items, paths == 1, index, attempt, parts, made)
        number = rows[-1][0]


def add_acceptances(db: sqlite3.Connection, acceptances: Sequence[Acceptance]) -> None:
    """Keep who takes results of other code for good."""
    rows = [(*one[:3], plain(one.who), plain(one.reason), one.created) for one in acceptances]
    db.executemany(_ACCEPT, [(*row, row_seal("accepts", row)) for row in rows])


def acceptance_of(row: Row) -> Acceptance:
    """Return what a row of the acceptances says."""
    *columns, sealed = row
    check_row("accepts", columns, sealed, f"what was accepted of {columns[0]}")
    return Acceptance(*columns)


def find_acceptances(read: Read, key: str) -> list[Acceptance]:
    """Return what was accepted of a task."""
    return [
        acceptance_of(row) for row in read(f"{_ACCEPTS} WHERE key = ? ORDER BY created, old, new", (key,))
    ]


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))
