"""The results that runs share, with the list of runs: one file of the user."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from reflow.plugin import (
    Acceptance,
    Context,
    EarlierResult,
    Figures,
    FoundResult,
    Maker,
    NewResult,
    OldResult,
    Results,
    RunEntry,
    StoreError,
    make_directory,
)
from reflow_sqlite.appending import append_results, invalidate_results
from reflow_sqlite.codes import (
    add_acceptances,
    add_parts,
    find_acceptances,
    find_made_by,
    find_makers,
    find_parts,
)
from reflow_sqlite.connection import Connection
from reflow_sqlite.failures import Torn, damaged
from reflow_sqlite.files import locked, make_file
from reflow_sqlite.lookup import Key, Lookup
from reflow_sqlite.runs import RUNS, run_entry_of, write_entry
from reflow_sqlite.schema import RESULTS, VERSION


class SqliteResults(Results):
    """Results in one SQLite file: read over one connection, written in transactions under the lock file.

    Args:
        beat: Is called before every transaction.
    """

    def __init__(self, path: str, *, write: bool, beat: Callable[[], object] = lambda: None) -> None:
        self._path = path
        self._beat = beat
        self._write_allowed = write
        if write:
            _make(path)
        self._lookup = Lookup(path)

    def find(self, identities: Collection[bytes]) -> dict[bytes, FoundResult]:
        self._lookup.follow()
        return self._lookup.whole(lambda: self._lookup.find(set(identities)))

    def by_makers(self, identities: Collection[bytes]) -> dict[bytes, list[FoundResult]]:
        return self._lookup.whole(lambda: self._lookup.by_makers(set(identities)))

    def others(self, keys: Collection[Key], code: bytes) -> dict[bytes, FoundResult]:
        return self._lookup.whole(lambda: self._lookup.others(dict(keys), code))

    def values(self, keys: Sequence[Key]) -> Iterator[str]:
        for some in self._lookup.newest(keys):
            while some:
                values = self._lookup.whole(partial(self._lookup.some_values, some))
                yield from values
                del some[: len(values)]

    def items(self, keys: Sequence[Key]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for some in self._lookup.newest(keys):
            found += self._lookup.whole(lambda some=some: [self._lookup.value(*one)[1] for one in some])  # type: ignore[misc]
        return found

    def earlier(
        self, key: str, index: int, before: int, identity: bytes | None = None
    ) -> list[EarlierResult]:
        self._lookup.follow()
        return self._lookup.whole(lambda: self._lookup.earlier(key, index, before, identity))

    def append(self, context: Context, rows: Iterable[NewResult]) -> None:
        self.append_all([(context, list(rows))])

    def append_all(self, batches: Iterable[tuple[Context, Sequence[NewResult]]]) -> None:
        def act(db: sqlite3.Connection) -> None:
            for context, rows in due:
                append_results(db, context, rows)

        due = [(context, rows) for context, rows in batches if rows]
        if due:
            self._write(act)

    def invalidate(self, keys: Sequence[Key], reason: str) -> None:
        self._write(lambda db: invalidate_results(db, keys, reason))

    def record_code(self, parts: Mapping[bytes, str]) -> None:
        known = self.code_parts(parts.keys())
        if new := {code: text for code, text in parts.items() if code not in known}:
            self._write(lambda db: add_parts(db, new))

    def code_parts(self, hashes: Collection[bytes]) -> dict[bytes, str]:
        return self._lookup.whole(lambda: find_parts(self._lookup.read, hashes))

    def makers(self, key: str) -> list[Maker]:
        return find_makers(self._lookup.read, key)

    def made_by(self, key: str, codes: Collection[bytes]) -> Iterator[tuple[Context, NewResult]]:
        stream = find_made_by(self._lookup.read, key, codes)
        while (found := self._lookup.whole(lambda: next(stream, None))) is not None:
            yield found

    def accept(self, acceptances: Sequence[Acceptance]) -> None:
        self._write(lambda db: add_acceptances(db, acceptances))

    def acceptances(self, key: str) -> list[Acceptance]:
        self._lookup.check_tables("accepts")
        return self._lookup.whole(lambda: find_acceptances(self._lookup.read, key))

    def record_run(self, entry: RunEntry, code: Mapping[bytes, str] = {}) -> None:
        def act(db: sqlite3.Connection) -> None:
            write_entry(db, entry)
            add_parts(db, code)

        self._write(act)

    def runs(self, workflow: str | None = None) -> list[RunEntry]:
        self._lookup.follow()
        of_workflow = "" if workflow is None else " WHERE workflow = ?"
        self._lookup.check_tables("runs")
        rows = self._lookup.read(
            f"{RUNS}{of_workflow} ORDER BY created DESC, run_id DESC",
            () if workflow is None else (workflow,),
        )
        return self._lookup.whole(lambda: [run_entry_of(row) for row in rows])

    def figures(self) -> Figures:
        from reflow_sqlite.keeping import read_figures

        if not self._lookup.is_there:
            return Figures(self._path, 0, VERSION, 0, 0, 0, 0, None, None)
        return self._lookup.whole(lambda: read_figures(self._lookup.read, self._path))

    def old(self, before: int) -> Iterator[OldResult]:
        from reflow_sqlite.keeping import read_old

        return read_old(self._lookup.read, before)

    def remove(self, results: Iterable[OldResult]) -> None:
        from reflow_sqlite.keeping import remove_results

        self._write(lambda db: remove_results(db, list(results)))

    def shrink(self) -> bool:
        from reflow_sqlite.keeping import give_back

        more = False

        def act(db: sqlite3.Connection) -> None:
            nonlocal more
            more = give_back(db)

        self._write(act)
        return more

    def close(self) -> None:
        self._lookup.close()

    def _write(self, act: Callable[[sqlite3.Connection], object]) -> None:
        if not self._write_allowed:
            raise StoreError(f"the store {self._path} was opened for reading")
        self._beat()
        with (
            locked(self._path),
            contextlib.closing(Connection(RESULTS, self._path, write=True)) as connection,
            connection.transaction() as db,
        ):
            try:
                act(db)
            except Torn as error:
                raise damaged(RESULTS, self._path, f"{error} is not as it was written") from error


def _make(path: str) -> None:
    if os.path.lexists(path):
        return
    try:
        make_directory(os.path.dirname(path))
    except OSError as error:
        raise StoreError(f"cannot make the directory of the store {path}: {error.strerror}") from error
    make_file(RESULTS, path, lambda db: None)
