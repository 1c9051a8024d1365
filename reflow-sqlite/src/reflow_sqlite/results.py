"""The results that runs share, with the list of runs: one file of the user."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

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
from reflow_sqlite.appending import append_results, check_result, context_of, invalidate_results
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
    earlier_of,
)
from reflow_sqlite.failures import WRONG, Torn, damaged
from reflow_sqlite.files import locked, make_file
from reflow_sqlite.runs import RUNS, run_entry_of, write_entry
from reflow_sqlite.schema import RESULTS, VERSION
from reflow_sqlite.seals import LONG

KEYS_AT_ONCE = 500  #: bound parameters of one query; old SQLite takes 999
TEXT_AT_ONCE = 8 << 20  #: of values that are streamed; the file is let go between

_FIND = f"""
SELECT number, context, idx, attempt, identity, output, edition,
  CASE WHEN seal < {LONG} THEN value END, items, paths, parts, created, seal FROM results r
WHERE substr(identity, 1, 4) IN ({{marks}}) AND NOT EXISTS (SELECT 1 FROM stale WHERE result = r.number)
"""
# Most results are the only ones of their identity, which the index says by itself.
_SEVERAL = """
SELECT substr(identity, 1, 4) AS start FROM results WHERE substr(identity, 1, 4) IN ({marks})
GROUP BY start HAVING count(*) > 1
"""
_PAIRS = "SELECT number, identity, output FROM results WHERE substr(identity, 1, 4) IN ({marks})"
_ROW = """
SELECT s.result, context, idx, attempt, identity, output, edition, value, items, paths, parts, r.created, r.seal
FROM results r{how} LEFT JOIN stale s ON s.result = r.number WHERE
"""
_VALUE = f"{_ROW.format(how='')} r.number = ?"
_LIKE_IT = f"{_ROW.format(how=' NOT INDEXED')} identity = ? OR output = ?"

_T = TypeVar("_T")
Key = tuple[bytes, bytes]  #: identity and output


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
        # Nothing was ever kept where no file is, and that is an answer.
        self._reader = Connection(RESULTS, path, write=False) if _is_there(path) else None
        self._contexts: dict[int, tuple[Context, int]] = {}

    def find(self, identities: Collection[bytes]) -> dict[bytes, FoundResult]:
        self._follow()
        return self._whole(lambda: self._find(set(identities)))

    def others(self, keys: Collection[Key]) -> dict[bytes, FoundResult]:
        return self._whole(lambda: self._others(dict(keys)))

    def values(self, keys: Sequence[Key]) -> Iterator[str]:
        for some in self._newest(keys):
            while some:
                values = self._whole(partial(self._some_values, some))
                yield from values
                del some[: len(values)]

    def items(self, keys: Sequence[Key]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for some in self._newest(keys):
            found += self._whole(lambda some=some: [self._value(*one)[1] for one in some])  # type: ignore[misc]
        return found

    def earlier(
        self, key: str, index: int, before: int, identity: bytes | None = None
    ) -> list[EarlierResult]:
        self._follow()
        return self._whole(lambda: self._earlier(key, index, before, identity))

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
        return self._whole(lambda: find_parts(self._read, hashes))

    def makers(self, key: str) -> list[Maker]:
        return find_makers(self._read, key)

    def made_by(self, key: str, codes: Collection[bytes]) -> Iterator[tuple[Context, NewResult]]:
        stream = find_made_by(self._read, key, codes)
        while (found := self._whole(lambda: next(stream, None))) is not None:
            yield found

    def accept(self, acceptances: Sequence[Acceptance]) -> None:
        self._write(lambda db: add_acceptances(db, acceptances))

    def acceptances(self, key: str) -> list[Acceptance]:
        if self._reader is not None:
            self._reader.check_tables("accepts")
        return self._whole(lambda: find_acceptances(self._read, key))

    def record_run(self, entry: RunEntry, code: Mapping[bytes, str] = {}) -> None:
        def act(db: sqlite3.Connection) -> None:
            write_entry(db, entry)
            add_parts(db, code)

        self._write(act)

    def runs(self, workflow: str | None = None) -> list[RunEntry]:
        self._follow()
        of_workflow = "" if workflow is None else " WHERE workflow = ?"
        if self._reader is not None:
            self._reader.check_tables("runs")
        rows = self._read(
            f"{RUNS}{of_workflow} ORDER BY created DESC, run_id DESC",
            () if workflow is None else (workflow,),
        )
        return self._whole(lambda: [run_entry_of(row) for row in rows])

    def figures(self) -> Figures:
        from reflow_sqlite.keeping import read_figures

        if self._reader is None:
            return Figures(self._path, 0, VERSION, 0, 0, 0, 0, None, None)
        return self._whole(lambda: read_figures(self._read, self._path))

    def old(self, before: int) -> Iterator[OldResult]:
        from reflow_sqlite.keeping import read_old

        return read_old(self._read, before)

    def remove(self, results: Sequence[OldResult]) -> None:
        from reflow_sqlite.keeping import remove_results

        self._write(lambda db: remove_results(db, results))

    def shrink(self) -> bool:
        from reflow_sqlite.keeping import give_back

        more = False

        def act(db: sqlite3.Connection) -> None:
            nonlocal more
            more = give_back(db)

        self._write(act)
        return more

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

    def _find(self, wanted: set[bytes]) -> dict[bytes, FoundResult]:
        rows = [row for row in self._rows(_FIND, [*wanted]) if row[4] in wanted]
        newest = {row[4]: row for row in rows}
        if len(newest) < len(rows):
            newest = {row[4]: row for row in sorted(rows, key=lambda row: int(row[0]))}
        return {identity: self._found(row) for identity, row in newest.items()}

    def _others(self, known: Mapping[bytes, bytes]) -> dict[bytes, FoundResult]:
        shared = {start for (start,) in self._rows(_SEVERAL, [*known])}
        several = [identity for identity in known if identity[:4] in shared]
        rows = [row for row in self._rows(_FIND, several) if row[5] != known.get(row[4], row[5])]
        return {row[4]: self._found(row) for row in sorted(rows, key=lambda row: int(row[0]))}

    def _earlier(self, key: str, index: int, before: int, identity: bytes | None) -> list[EarlierResult]:
        contexts = [context_of(row) for row in self._read(CONTEXTS_OF, (key, before, CONTEXTS))]
        self._contexts.update({number: (context, since) for number, context, since in contexts})
        last = [number for number, _, _ in contexts]
        rows = self._read(OF_INDEX.format(marks=",".join("?" * len(last))), (before, index, *last))
        for context in last[:CONTEXTS_BESIDE]:
            for beside in (BELOW, ABOVE):
                rows += self._read(beside, (before, context, index))
        if identity is not None:
            rows += self._read(OF_IDENTITY, (before, identity, identity[:4]))
        unique = {row[0]: row for row in rows}
        known = {row[2]: self._context(row[2]) for row in unique.values()}
        found = [earlier_of(unique[number], known) for number in sorted(unique, reverse=True)]
        return [result for result in found if result.context.key == key]

    def _newest(self, keys: Sequence[Key]) -> Iterator[list[tuple[Key, int]]]:
        """Yield the newest row of each pair, stale or not: an instance keeps the row that it used."""
        self._follow()
        for first in range(0, len(keys), KEYS_AT_ONCE):
            some = [(identity, output) for identity, output in keys[first : first + KEYS_AT_ONCE]]
            rows = sorted(self._rows(_PAIRS, [identity for identity, _ in some]))
            found = {row[1:3]: row[0] for row in rows}
            for key in some:
                if key not in found:
                    raise self._missing(key)
            yield [(key, found[key]) for key in some]

    def _missing(self, key: Key) -> StoreError:
        """Return the error for a result that is not found: it was removed, or its row or index is damaged."""
        name = key[0].hex()[:12]
        try:
            for stale, *row in self._read(_LIKE_IT, key):
                check_result(row, stale=stale is not None)
                if tuple(row[3:5]) == key:
                    raise Torn(f"the index of {name}")
        except WRONG as error:
            return damaged(RESULTS, self._path, f"{error} is not as it was written")
        removed = "any more (reflow store gc removes old ones); submit again"
        return StoreError(f"the store {self._path} has no result {name} {removed}")

    def _some_values(self, rows: Sequence[tuple[Key, int]]) -> list[str]:
        """Read the values of the first rows, so many that the file is soon let go and memory stays small."""
        values: list[str] = []
        size = 0
        with contextlib.nullcontext() if self._reader is None else self._reader.snapshot():
            for row in rows:
                values.append(self._value(*row)[0])
                size += len(values[-1])
                if size > TEXT_AT_ONCE:
                    break
        return values

    def _value(self, key: Key, number: int) -> tuple[str, bytes | None]:
        """Return the value and the items of a row, which must be that of a pair."""
        ((stale, *row),) = self._read(_VALUE, (number,))
        check_result(row, stale=stale is not None)
        if tuple(row[3:5]) != key:
            raise Torn(f"the result {key[0].hex()[:12]}")
        return row[6], row[7]

    def _found(self, row: Row) -> FoundResult:
        _, number, index, _, identity, output, _, value, items, paths, _, created, sealed = row
        if sealed >= LONG and items is not None:  # which its value vouches for
            self._value((identity, output), row[0])
        check_result((*row[1:8], None if value is None else items, *row[9:]), stale=False)
        context, since = self._context(number)
        return FoundResult(
            *(identity, output, items, paths == 1, context.run_id, index, created + since),
            *(context.code, context.source, context.file),
        )

    def _context(self, number: int) -> tuple[Context, int]:
        if number not in self._contexts:
            known = self._read(CONTEXT, (number,))
            if not known:
                raise Torn(f"what it says of context {number}")
            self._contexts[number] = context_of(known[0])[1:]
        return self._contexts[number]

    def _follow(self) -> None:
        """Read what is at the address now: it may have been made anew."""
        if self._reader is not None and not self._reader.is_at_its_place:
            self._reader.close()
            self._reader = Connection(RESULTS, self._path, write=False)
            self._contexts.clear()

    def _whole(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except WRONG as error:
            raise damaged(RESULTS, self._path, f"{error} is not as it was written") from error

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
