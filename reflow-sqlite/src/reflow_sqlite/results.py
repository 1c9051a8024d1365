"""The results that runs share, with the list of runs: one file of the user."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from reflow.plugin import (
    Acceptance,
    Context,
    EarlierResult,
    FoundResult,
    Maker,
    NewResult,
    Results,
    RunEntry,
    StoreError,
    make_directory,
)
from reflow_sqlite.appending import append_results, invalidate_results
from reflow_sqlite.changes import plain
from reflow_sqlite.codes import (
    add_acceptances,
    add_parts,
    find_acceptances,
    find_made_by,
    find_makers,
    find_parts,
)
from reflow_sqlite.connection import Connection, Row
from reflow_sqlite.earlier import (
    ABOVE,
    BELOW,
    CONTEXT,
    CONTEXTS,
    CONTEXTS_BESIDE,
    CONTEXTS_OF,
    OF_IDENTITY,
    OF_INDEX,
    context_of,
    earlier_of,
)
from reflow_sqlite.failures import damaged
from reflow_sqlite.files import locked, make_file
from reflow_sqlite.schema import RESULTS
from reflow_sqlite.seals import seal

KEYS_AT_ONCE = 500  #: bound parameters of one query; old SQLite takes 999
TEXT_AT_ONCE = 8 << 20  #: of values that are streamed; the file is let go between

_FIND = """
SELECT number, identity, output, items, paths, idx, created, context FROM results r
WHERE substr(identity, 1, 4) IN ({marks}) AND NOT EXISTS (SELECT 1 FROM stale WHERE result = r.number)
"""
# Most results are the only ones of their identity, which the index says by itself.
_SEVERAL = """
SELECT substr(identity, 1, 4) AS start FROM results WHERE substr(identity, 1, 4) IN ({marks})
GROUP BY start HAVING count(*) > 1
"""
_PAIRS = "SELECT number, identity, output, {column} FROM results WHERE substr(identity, 1, 4) IN ({marks})"
_VALUE = "SELECT value, items, seal FROM results WHERE number = ?"
_CONTEXT = "SELECT run_id, code, source, file FROM contexts WHERE id = ?"
_RUNS = "SELECT run_id, workflow, run_dir, created, executor, parameters FROM runs"

Key = tuple[bytes, bytes]  #: identity and output


class SqliteResults(Results):
    """Results in one SQLite file: read over one connection, written in transactions under the lock file."""

    def __init__(self, path: str, *, write: bool) -> None:
        self._path = path
        self._write_allowed = write
        if write:
            _make(path)
        # Nothing was ever kept where no file is, and that is an answer.
        self._reader = Connection(RESULTS, path, write=False) if _is_there(path) else None
        self._contexts: dict[int, tuple[str, bytes, bytes, str]] = {}

    def find(self, identities: Collection[bytes]) -> dict[bytes, FoundResult]:
        wanted = set(identities)
        rows = [row for row in self._rows(_FIND, [*wanted]) if row[1] in wanted]
        newest = {row[1]: row for row in rows}
        if len(newest) < len(rows):
            newest = {row[1]: row for row in sorted(rows)}
        self._learn_contexts({row[7] for row in rows})
        return {identity: self._found(row) for identity, row in newest.items()}

    def others(self, keys: Collection[Key]) -> dict[bytes, FoundResult]:
        known = dict(keys)
        shared = {start for (start,) in self._rows(_SEVERAL, [*known])}
        several = [identity for identity in known if identity[:4] in shared]
        rows = [row for row in self._rows(_FIND, several) if row[2] != known.get(row[1], row[2])]
        self._learn_contexts({row[7] for row in rows})
        return {row[1]: self._found(row) for row in sorted(rows)}

    def values(self, keys: Sequence[Key]) -> Iterator[str]:
        for some in self._newest("0", keys):
            while some:
                values = self._some_values(some)
                yield from values
                del some[: len(values)]

    def items(self, keys: Sequence[Key]) -> list[bytes | None]:
        return [items for some in self._newest("items", keys) for _, _, items in some]

    def earlier(
        self, key: str, index: int, before: int, identity: bytes | None = None
    ) -> list[EarlierResult]:
        contexts = {row[0]: context_of(row) for row in self._read(CONTEXTS_OF, (key, before, CONTEXTS))}
        last = list(contexts)
        rows = self._read(OF_INDEX.format(marks=",".join("?" * len(last))), (before, index, *last))
        for context in last[:CONTEXTS_BESIDE]:
            for beside in (BELOW, ABOVE):
                rows += self._read(beside, (before, context, index))
        if identity is not None:
            rows += self._read(OF_IDENTITY, (before, identity, identity[:4]))
            for number in {row[1] for row in rows} - contexts.keys():
                contexts[number] = context_of(self._read(CONTEXT, (number,))[0])
        found = [earlier_of(row, contexts) for row in sorted(set(rows), reverse=True)]
        return [result for result in found if result.context.key == key]

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
        return find_parts(self._read, hashes)

    def makers(self, key: str) -> list[Maker]:
        return find_makers(self._read, key)

    def made_by(self, key: str, codes: Collection[bytes]) -> Iterator[tuple[Context, NewResult]]:
        return find_made_by(self._read, key, codes)

    def accept(self, acceptances: Sequence[Acceptance]) -> None:
        self._write(lambda db: add_acceptances(db, acceptances))

    def acceptances(self, key: str) -> list[Acceptance]:
        return find_acceptances(self._read, key)

    def record_run(self, entry: RunEntry, code: Mapping[bytes, str] = {}) -> None:
        def act(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)
            add_parts(db, code)

        run_id, workflow, run_dir, created, executor, parameters = entry
        row = (run_id, workflow, plain(run_dir), created, executor, plain(parameters))
        self._write(act)

    def runs(self, workflow: str | None = None) -> list[RunEntry]:
        of_workflow = "" if workflow is None else " WHERE workflow = ?"
        rows = self._read(
            f"{_RUNS}{of_workflow} ORDER BY created DESC, run_id DESC",
            () if workflow is None else (workflow,),
        )
        return [RunEntry(*row) for row in rows]

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _read(self, query: str, parameters: Sequence[object]) -> list[Row]:
        return [] if self._reader is None else self._reader.read(query, parameters)

    def _rows(self, query: str, identities: Sequence[bytes]) -> Iterator[Row]:
        """Yield the rows of all identities that begin like these."""
        for first in range(0, len(identities), KEYS_AT_ONCE):
            starts = [identity[:4] for identity in identities[first : first + KEYS_AT_ONCE]]
            yield from self._read(query.format(marks=",".join("?" * len(starts))), starts)

    def _newest(self, column: str, keys: Sequence[Key]) -> Iterator[list[tuple[Key, int, bytes | None]]]:
        """Yield the newest row of each pair, stale or not: an instance keeps the row that it used."""
        query = _PAIRS.format(column=column, marks="{marks}")
        for first in range(0, len(keys), KEYS_AT_ONCE):
            some = [(identity, output) for identity, output in keys[first : first + KEYS_AT_ONCE]]
            found = {row[1:3]: row for row in sorted(self._rows(query, [identity for identity, _ in some]))}
            for key in some:
                if key not in found:
                    raise StoreError(
                        f"the store {self._path} has no result {key[0].hex()[:12]} any more; submit again"
                    )
            yield [(key, found[key][0], found[key][3]) for key in some]

    def _some_values(self, rows: Sequence[tuple[Key, int, bytes | None]]) -> list[str]:
        """Read the values of the first rows, so many that the file is soon let go and memory stays small."""
        values: list[str] = []
        size = 0
        with contextlib.nullcontext() if self._reader is None else self._reader.snapshot():
            for key, number, _ in rows:
                value, items, sealed = self._read(_VALUE, (number,))[0]
                if seal(value, key[1], items) != sealed:
                    raise damaged(
                        RESULTS, self._path, f"the value of {key[0].hex()[:12]} is not as it was written"
                    )
                values.append(value)
                size += len(value)
                if size > TEXT_AT_ONCE:
                    break
        return values

    def _found(self, row: Row) -> FoundResult:
        _, identity, output, items, paths, index, created, context = row
        run_id, code, source, file = self._contexts[context]
        return FoundResult(identity, output, items, paths == 1, run_id, index, created, code, source, file)

    def _learn_contexts(self, numbers: set[int]) -> None:
        for number in numbers - self._contexts.keys():
            known = self._read(_CONTEXT, (number,))
            if not known:
                raise damaged(RESULTS, self._path, f"it says nothing of context {number}")
            self._contexts[number] = known[0]

    def _write(self, act: Callable[[sqlite3.Connection], object]) -> None:
        if not self._write_allowed:
            raise StoreError(f"the store {self._path} was opened for reading")
        with (
            locked(self._path),
            contextlib.closing(Connection(RESULTS, self._path, write=True)) as connection,
            connection.transaction() as db,
        ):
            act(db)


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # it may be there: its directory is closed to us
        folder = os.path.dirname(path)
        raise StoreError(
            f"the store {path} cannot be read: {error.strerror}; see: ls -ld {folder}"
        ) from error
    return True


def _make(path: str) -> None:
    if os.path.lexists(path):
        return
    try:
        make_directory(os.path.dirname(path))
    except OSError as error:
        raise StoreError(f"cannot make the directory of the store {path}: {error.strerror}") from error
    make_file(RESULTS, path, lambda db: None)
