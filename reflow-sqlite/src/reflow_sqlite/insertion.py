"""Adding rows: texts as SQLite takes them, and many rows at once, which takes two thirds of the time of one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain, islice

#: rows of one statement; SQLite before 3.32 takes 999 values (https://sqlite.org/limits.html#max_variable_number)
AT_ONCE = 50


class Insertion:
    """A statement that adds one row, and the same for many.

    Args:
        into: Up to the table or its columns.
        width: How many columns a row has, 19 at most.
        conflict: What happens where there is such a row.
    """

    def __init__(self, into: str, width: int, conflict: str = "") -> None:
        row = f"({', '.join('?' * width)})"
        self.one = f"{into} VALUES {row} {conflict}"
        self._many = f"{into} VALUES {', '.join([row] * AT_ONCE)} {conflict}"

    def write(self, db: sqlite3.Connection, rows: Iterable[Sequence[object]]) -> int:
        """Add rows and return how many were added or changed."""
        written = 0
        rest = iter(rows)
        while len(some := list(islice(rest, AT_ONCE))) == AT_ONCE:
            written += db.execute(self._many, list(chain.from_iterable(some))).rowcount
        return written + (db.executemany(self.one, some).rowcount if some else 0)


def plain(text: str | None) -> str | None:
    """Return a text that SQLite takes: what a broken file name left in it is written out."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
