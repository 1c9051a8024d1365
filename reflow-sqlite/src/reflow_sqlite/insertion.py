"""Adding rows: texts as SQLite takes them, and many rows at once, which takes two thirds of the time of one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice
from typing import Any

#: rows of one statement; SQLite before 3.32 takes 999 values (https://sqlite.org/limits.html#max_variable_number)
AT_ONCE = 50
#: characters and bytes of one statement: they are copied for it, and stay in memory until it is executed again
MOST = 1 << 20


class Insertion:
    """A statement that adds one row, and the same for many.

    Args:
        into: Up to the table or its columns.
        width: How many columns a row has, 19 at most.
        conflict: What happens where there is such a row.
        long: Places of the columns, from 0, that may hold megabytes.
    """

    def __init__(self, into: str, width: int, conflict: str = "", *, long: Collection[int] = ()) -> None:
        row = f"({', '.join('?' * width)})"
        self.one = f"{into} VALUES {row} {conflict}"
        self._many = f"{into} VALUES {', '.join([row] * AT_ONCE)} {conflict}"
        self._long = long

    def write(self, db: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Add rows in their order and return how many were added or changed."""
        written = 0
        rest = iter(rows)
        while some := list(islice(rest, AT_ONCE)):
            if len(some) == AT_ONCE and self._size(some) <= MOST:
                written += db.execute(self._many, list(chain.from_iterable(some))).rowcount
            else:
                written += db.executemany(self.one, some).rowcount
        return written

    def _size(self, rows: Sequence[Sequence[Any]]) -> int:
        return sum(len(row[place] or "") for place in self._long for row in rows)


def plain(text: str | None) -> str | None:
    """Return a text that SQLite takes: what a broken file name left in it is written out."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
