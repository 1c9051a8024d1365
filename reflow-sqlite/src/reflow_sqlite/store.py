"""Where ledgers and results are: addresses to paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from reflow.plugin import Ledger, Results, Salvage, Store, StoreError


class SqliteStore(Store):
    """Keeps ledgers in the directories of their runs, and the results at its address.

    An address is ``sqlite:///absolute/path`` or a plain path; ``~`` is the home directory.
    """

    name = "sqlite"

    def create_ledger(
        self, directory: str, run_id: str, workflow: str, tasks: Sequence[str], created: int, epoch: int = 0
    ) -> Ledger:
        from reflow_sqlite.ledger import create  # sqlite3 is imported by what needs it

        return create(directory, run_id, workflow, tasks, created, epoch)

    def open_ledger(self, directory: str, *, write: bool = False) -> Ledger:
        from reflow_sqlite.ledger import SqliteLedger

        return SqliteLedger(directory, write=write)

    def replace_ledger(self, directory: str, fresh: str) -> str | None:
        from reflow_sqlite.ledger import FILE
        from reflow_sqlite.replacing import replace
        from reflow_sqlite.schema import LEDGER

        return replace(LEDGER, os.path.join(directory, FILE), os.path.join(fresh, FILE))

    def open_results(self, *, write: bool = False) -> Results:
        from reflow_sqlite.results import SqliteResults

        return SqliteResults(path_of(self.address), write=write)

    def rebuild_results(self, fill: Callable[[Results, Salvage], None]) -> str | None:
        from reflow_sqlite.rebuilding import rebuild

        return rebuild(path_of(self.address), fill)


def path_of(address: str) -> str:
    """Return the absolute path that an address names.

    Raises:
        StoreError: It names another kind of store, a host, or nothing.
    """
    scheme, colon, rest = address.partition("://")
    if colon and (scheme != SqliteStore.name or not rest.startswith("/")):
        raise StoreError(
            f"{address!r} is no address of an SQLite store; write sqlite:///absolute/path or a path"
        )
    path = rest if colon else address
    if not path.strip("/") or "\0" in path:
        raise StoreError(f"{address!r} names no file for the store; write a path such as ~/reflow/store.db")
    return os.path.abspath(os.path.expanduser(path))
