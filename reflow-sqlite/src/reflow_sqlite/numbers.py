"""The small numbers that stand for names inside one ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from reflow.plugin import StoreError
from reflow_sqlite.connection import Row
from reflow_sqlite.seals import check_row, row_seal

_COLUMNS = {"tokens": "token", "hosts": "host"}


def names_in(table: str, rows: Iterable[Row]) -> dict[int, str]:
    """Return the names of a table of names, from all its rows. Raises `Torn`."""
    found = {}
    for number, name, sealed in rows:
        check_row(table, (number, name), sealed, f"the {_COLUMNS[table]} {name!r}")
        found[number] = name
    return found


def all_names(table: str) -> str:
    """Return the query for all rows of a table of names; no index is asked, which might lead to another name."""
    return f"SELECT id, {_COLUMNS[table]}, seal FROM {table} NOT INDEXED ORDER BY id"


class Names:
    """The names behind the numbers of one table, as a reader knows them; read again where one is new."""

    def __init__(self, table: str, read: Callable[[str], list[Row]]) -> None:
        self._table = table
        self._read = read
        self._known: dict[int, str] = {}

    def __getitem__(self, number: int) -> str:
        """Return a name; a number that has none is a `KeyError`."""
        if number not in self._known:
            self._known = names_in(self._table, self._read(all_names(self._table)))
        return self._known[number]


class Numbers(dict[str, int]):
    """The numbers of a table of names in one transaction; names that are missing are added."""

    def __init__(self, db: sqlite3.Connection, table: str) -> None:
        self._db = db
        self._table = table
        rows = db.execute(all_names(table)).fetchall()
        super().__init__({name: number for number, name in names_in(table, rows).items()})

    def __missing__(self, name: str) -> int:
        number = max(self.values(), default=0) + 1
        row = (number, name, row_seal(self._table, (number, name)))
        self._db.execute(f"INSERT INTO {self._table} VALUES (?, ?, ?)", row)
        self[name] = number
        return number


class TaskNumbers(dict[str, int]):
    """The numbers of the tasks of a run."""

    def __missing__(self, name: str) -> int:
        raise StoreError(f"this run has no task {name!r}")
