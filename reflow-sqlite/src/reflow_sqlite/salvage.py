"""What can still be read of results that are damaged: table by table, row by row, as far as that goes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import TypeVar

from reflow.plugin import Acceptance, Context, NewResult, RunEntry, Salvage
from reflow_sqlite.appending import CONTEXT, check_result, context_of
from reflow_sqlite.codes import acceptance_of
from reflow_sqlite.connection import Row, connect
from reflow_sqlite.failures import WRONG, Torn
from reflow_sqlite.runs import RUNS, run_entry_of
from reflow_sqlite.schema import RESULTS
from reflow_sqlite.seals import check_row

_T = TypeVar("_T")
_CODE = "SELECT hash, parts, seal FROM code"
_ACCEPTS = "SELECT key, old, new, who, reason, created, seal FROM accepts"
_FORGOTTEN = "SELECT identity, output, reason, created, seal FROM forgotten"
_STALE = "SELECT result, reason, created, seal FROM stale"
_RESULTS = """
SELECT number, context, idx, attempt, identity, output, edition, value, items, paths, parts, created, seal
FROM results NOT INDEXED
"""
_GONE = "nobody can tell why any more"


class SqliteSalvage(Salvage):
    """Reads a file that may be damaged, without looking at what it says of itself; there may be none."""

    def __init__(self, path: str) -> None:
        self.lost: dict[str, str] = {}
        self._db: sqlite3.Connection | None = None
        if os.path.lexists(path):
            self._db = connect(RESULTS, path, write=False)
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("PRAGMA trusted_schema = OFF")
                self._db.execute("PRAGMA cell_size_check = ON")

    def runs(self) -> list[RunEntry]:
        return list(self._rows("runs", "runs", f"{RUNS} NOT INDEXED", run_entry_of))

    def code(self) -> dict[bytes, str]:
        def part(row: Row) -> tuple[bytes, str]:
            check_row("code", row[:-1], row[-1], "code")
            return row[0], row[1]

        return dict(self._rows("code", "code", _CODE, part))

    def acceptances(self) -> list[Acceptance]:
        return list(self._rows("acceptances", "accepts", _ACCEPTS, acceptance_of))

    def results(self) -> Iterator[tuple[Context, NewResult, str | None]]:
        contexts = {
            number: (context, since)
            for number, context, since in self._rows("contexts", "contexts", CONTEXT, context_of)
        }
        reasons = dict(self._rows("reasons", "stale", _STALE, _reason))
        for name in ("contexts", "reasons"):
            self.lost.pop(
                name, None
            )  # a result that misses its own is lost, and knows itself whether it is stale

        def result(row: Row) -> tuple[Context, NewResult, str | None]:
            reason = _why_stale(row, reasons)
            context, since = contexts[row[1]]
            _, _, index, attempt, identity, output, _, value, items, paths, parts, created, _ = row
            made = created + since
            return (
                context,
                NewResult(identity, output, value, items, paths == 1, index, attempt, parts, made),
                reason,
            )

        yield from self._rows("results", "results", _RESULTS, result)

    def forgotten(self) -> set[tuple[bytes, bytes]]:
        def pair(row: Row) -> tuple[bytes, bytes]:
            check_row("forgotten", row[:-1], row[-1], "a result that was removed")
            return row[0], row[1]

        return set(self._rows("forgotten", "forgotten", _FORGOTTEN, pair))

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()

    def _rows(self, name: str, table: str, query: str, record: Callable[[Row], _T]) -> Iterator[_T]:
        """Yield the records of a table; a row that is not as it was written is left out, an error ends it."""
        if self._db is None:
            self.lost[name] = "there was no file"
            return
        try:
            for (found,) in self._db.execute(f"PRAGMA quick_check({table})"):
                if found != "ok":
                    self.lost.setdefault(name, str(found).splitlines()[-1])
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self.lost[name] = str(error)
        try:
            for row in self._db.execute(query):
                try:
                    yield record(row)
                except WRONG as error:
                    self.lost.setdefault(name, f"{error} is not as it was written")
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self.lost[name] = str(error)


def _reason(row: Row) -> tuple[int, str]:
    check_row("stale", row[:-1], row[-1], "a mark")
    return row[0], row[1]


def _why_stale(row: Row, reasons: dict[int, str]) -> str | None:
    """Return why a result is stale, which its own seal says, or None. Raises `Torn`."""
    try:
        check_result(row[1:], stale=False)
    except Torn:
        check_result(row[1:], stale=True)
        return reasons.get(row[0], _GONE)
    return None
