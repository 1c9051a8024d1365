"""The small numbers that stand for names inside one ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from reflow.plugin import StoreError
from reflow_sqlite.connection import Row
from reflow_sqlite.seals import check_row, row_seal

_COLUMNS = {"tokens": "token", "hosts": "host"}


class Names:
    """The names behind the numbers of one table, as a reader knows them: one that has come to be known stays as it is.

    New ones have higher numbers, and are read by these: no index is asked, which might lead to another name.
    """

    def __init__(self, table: str, read: Callable[[str, Sequence[object]], list[Row]]) -> None:
        self._table = table
        self._read = read
        self._known: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self.last = 0  #: the highest number that is known

    def __getitem__(self, number: int) -> str:
        """Return a name; a number that has none is a `KeyError`."""
        if number not in self._known:
            self.read_on()
        return self._known[number]

    def number(self, name: str) -> int | None:
        """Return the number of a name, as far as it is known, or None."""
        return self._numbers.get(name)

    def read_on(self) -> None:
        """Read the names that were added since the last time. Raises `Torn`."""
        column = _COLUMNS[self._table]
        query = f"SELECT id, {column}, seal FROM {self._table} NOT INDEXED WHERE id > ? ORDER BY id"
        for number, name, sealed in self._read(query, (self.last,)):
            check_row(self._table, (number, name), sealed, f"the {column} {name!r}")
            self._known[number] = name
            self._numbers[name] = self.last = number


class Numbers(dict[str, int]):
    """The numbers of a table of names that one transaction uses; names that are missing are added."""

    def __init__(self, db: sqlite3.Connection, table: str, names: Names) -> None:
        super().__init__()
        self._db = db
        self._table = table
        self._names = names
        names.read_on()
        self._last = names.last

    def __missing__(self, name: str) -> int:
        number = self._names.number(name)
        if number is None:
            number = self._last = self._last + 1
            row = (number, name, row_seal(self._table, (number, name)))
            self._db.execute(f"INSERT INTO {self._table} VALUES (?, ?, ?)", row)
        self[name] = number
        return number


class TaskNumbers(dict[str, int]):
    """The numbers of the tasks of a run."""

    def __missing__(self, name: str) -> int:
        raise StoreError(f"this run has no task {name!r}")
