"""The small numbers that stand for names inside one ledger."""

from __future__ import annotations

import sqlite3

from reflow.plugin import StoreError


class Numbers(dict[str, int]):
    """The numbers of one table of names, looked up once in a transaction; missing names are added if that is due."""

    def __init__(self, db: sqlite3.Connection, table: str, column: str, *, add: bool = False) -> None:
        super().__init__()
        self._db = db
        self._find = f"SELECT id FROM {table} WHERE {column} = ?"
        self._add = f"INSERT INTO {table} ({column}) VALUES (?)" if add else None

    def __missing__(self, name: str) -> int:
        found = self._db.execute(self._find, (name,)).fetchone()
        if found is None and self._add is not None:
            self._db.execute(self._add, (name,))
            found = self._db.execute(self._find, (name,)).fetchone()
        if found is None:
            raise StoreError(f"this run has no task {name!r}")
        number = self[name] = int(found[0])
        return number
