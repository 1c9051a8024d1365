"""Looking results up, over one connection that is kept: each row is checked against its seal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from reflow.plugin import Context, EarlierResult, FoundResult, StoreError
from reflow_sqlite.appending import check_result, context_of
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
from reflow_sqlite.schema import RESULTS
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


class Lookup:
    """The file of results, open for reading; there may be none."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = Connection(RESULTS, path, write=False) if _is_there(path) else None
        self._contexts: dict[int, tuple[Context, int]] = {}

    @property
    def is_there(self) -> bool:
        """Whether there is a file."""
        return self._connection is not None

    def check_tables(self, *names: str) -> None:
        """Raise `StoreDamaged` where tables that are read whole are not as they were written."""
        if self._connection is not None:
            self._connection.check_tables(*names)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()

    def read(self, query: str, parameters: Sequence[object]) -> list[Row]:
        """Return the rows of a query; none where no file is, since nothing was ever kept there."""
        return [] if self._connection is None else self._connection.read(query, parameters)

    def _rows(self, query: str, identities: Sequence[bytes]) -> Iterator[Row]:
        """Yield the rows of all identities that begin like these."""
        for first in range(0, len(identities), KEYS_AT_ONCE):
            starts = [identity[:4] for identity in identities[first : first + KEYS_AT_ONCE]]
            yield from self.read(query.format(marks=",".join("?" * len(starts))), starts)

    def find(self, wanted: set[bytes]) -> dict[bytes, FoundResult]:
        """Return the newest results of identities that are not stale."""
        rows = [row for row in self._rows(_FIND, [*wanted]) if row[4] in wanted]
        newest = {row[4]: row for row in rows}
        if len(newest) < len(rows):
            newest = {row[4]: row for row in sorted(rows, key=lambda row: int(row[0]))}
        return {identity: self._found(row) for identity, row in newest.items()}

    def by_makers(self, wanted: set[bytes]) -> dict[bytes, list[FoundResult]]:
        """Return of each identity that several makers have results of the newest of each, in order."""
        newest: dict[bytes, dict[tuple[bytes, bytes, str], Row]] = {}
        for row in self._several(wanted):
            context = self._context(row[1])[0]
            by_maker = newest.setdefault(row[4], {})
            maker = (context.code, context.source, context.file)
            by_maker.pop(maker, None)
            by_maker[maker] = row
        return {
            identity: [self._found(row) for row in by_maker.values()]
            for identity, by_maker in newest.items()
            if len(by_maker) > 1
        }

    def others(self, known: Mapping[bytes, bytes], code: bytes) -> dict[bytes, FoundResult]:
        """Return the newest of a code with another output than is known of each identity."""
        rows = [row for row in self._several(known) if row[5] != known[row[4]]]
        return {row[4]: self._found(row) for row in rows if self._context(row[1])[0].code == code}

    def _several(self, wanted: Collection[bytes]) -> list[Row]:
        """Return the rows of those identities that may have several, oldest first, that are not stale."""
        shared = {start for (start,) in self._rows(_SEVERAL, [*wanted])}
        several = [identity for identity in wanted if identity[:4] in shared]
        rows = [row for row in self._rows(_FIND, several) if row[4] in wanted]
        return sorted(rows, key=lambda row: int(row[0]))

    def earlier(self, key: str, index: int, before: int, identity: bytes | None) -> list[EarlierResult]:
        """Return results of a task key, as `Results.earlier` says."""
        contexts = [context_of(row) for row in self.read(CONTEXTS_OF, (key, before, CONTEXTS))]
        self._contexts.update({number: (context, since) for number, context, since in contexts})
        last = [number for number, _, _ in contexts]
        rows = self.read(OF_INDEX.format(marks=",".join("?" * len(last))), (before, index, *last))
        for context in last[:CONTEXTS_BESIDE]:
            for beside in (BELOW, ABOVE):
                rows += self.read(beside, (before, context, index))
        if identity is not None:
            rows += self.read(OF_IDENTITY, (before, identity, identity[:4]))
        unique = {row[0]: row for row in rows}
        known = {row[2]: self._context(row[2]) for row in unique.values()}
        found = [earlier_of(unique[number], known) for number in sorted(unique, reverse=True)]
        return [result for result in found if result.context.key == key]

    def newest(self, keys: Sequence[Key]) -> Iterator[list[tuple[Key, int]]]:
        """Yield the newest row of each pair, stale or not: an instance keeps the row that it used."""
        self.follow()
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
            for stale, *row in self.read(_LIKE_IT, key):
                check_result(row, stale=stale is not None)
                if tuple(row[3:5]) == key:
                    raise Torn(f"the index of {name}")
        except WRONG as error:
            return damaged(RESULTS, self._path, f"{error} is not as it was written")
        removed = "any more (reflow store gc removes old ones, a new submit makes them again)"
        return StoreError(f"the store {self._path} has no result {name} {removed}")

    def some_values(self, rows: Sequence[tuple[Key, int]]) -> list[str]:
        """Read the values of the first rows, so many that the file is soon let go and memory stays small."""
        values: list[str] = []
        size = 0
        with contextlib.nullcontext() if self._connection is None else self._connection.snapshot():
            for row in rows:
                values.append(self.value(*row)[0])
                size += len(values[-1])
                if size > TEXT_AT_ONCE:
                    break
        return values

    def value(self, key: Key, number: int) -> tuple[str, bytes | None]:
        """Return the value and the items of a row, which must be that of a pair."""
        for stale, *row in self.read(_VALUE, (number,)):
            check_result(row, stale=stale is not None)
            if tuple(row[3:5]) == key:
                return row[6], row[7]
        raise self._missing(key)  # its number is nobody's any more, or another's

    def _found(self, row: Row) -> FoundResult:
        _, number, index, _, identity, output, _, value, items, paths, _, created, sealed = row
        if sealed >= LONG and items is not None:  # which its value vouches for
            self.value((identity, output), row[0])
        check_result((*row[1:8], None if value is None else items, *row[9:]), stale=False)
        context, since = self._context(number)
        return FoundResult(
            *(identity, output, items, paths == 1, context.run_id, index, created + since),
            *(context.code, context.source, context.file),
        )

    def _context(self, number: int) -> tuple[Context, int]:
        if number not in self._contexts:
            known = self.read(CONTEXT, (number,))
            if not known:
                raise Torn(f"what it says of context {number}")
            self._contexts[number] = context_of(known[0])[1:]
        return self._contexts[number]

    def follow(self) -> None:
        """Read what is at the address now: it may have been made anew."""
        if self._connection is not None and not self._connection.is_at_its_place:
            self._connection.close()
            self._connection = Connection(RESULTS, self._path, write=False)
            self._contexts.clear()

    def whole(self, read: Callable[[], _T]) -> _T:
        """Return what a function read. Raises `StoreDamaged` where that is not as it was written."""
        try:
            return read()
        except WRONG as error:
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
