"""The results of a `MemoryStore`: a list of rows, and the numbers of those that are stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from reflow.contracts.store import Results, Salvage
from reflow.errors import StoreError
from reflow.model.records import (
    Acceptance,
    Context,
    EarlierResult,
    Figures,
    FoundResult,
    Maker,
    NewResult,
    OldResult,
    RunEntry,
)

CONTEXTS, CONTEXTS_BESIDE, BESIDE = 30, 2, 50  #: how much `MemoryResults.earlier` tells


class ResultsState:
    """All that the results of one address hold."""

    def __init__(self) -> None:
        self.rows: list[tuple[Context, NewResult]] = []
        self.removed: set[int] = set()
        self.stale: dict[int, str] = {}
        self.runs: dict[str, RunEntry] = {}
        self.code: dict[bytes, str] = {}
        self.forgotten: set[tuple[bytes, bytes]] = set()
        self.accepted: dict[tuple[str, bytes, bytes], Acceptance] = {}


class MemoryResults(Results):
    """Results in a state that all stores of one address share."""

    def __init__(self, state: ResultsState, *, write: bool) -> None:
        self._state = state
        self._write = write

    def find(self, identities: Collection[bytes]) -> dict[bytes, FoundResult]:
        wanted = set(identities)
        return {
            new.identity: _found(context, new)
            for number, (context, new) in self._there()
            if new.identity in wanted and number not in self._state.stale
        }

    def by_makers(self, identities: Collection[bytes]) -> dict[bytes, list[FoundResult]]:
        newest: dict[bytes, dict[object, FoundResult]] = {identity: {} for identity in identities}
        for number, (context, new) in self._there():
            if new.identity in newest and number not in self._state.stale:
                newest[new.identity].pop(_code(context), None)
                newest[new.identity][_code(context)] = _found(context, new)
        return {identity: [*found.values()] for identity, found in newest.items() if len(found) > 1}

    def others(self, keys: Collection[tuple[bytes, bytes]], code: bytes) -> dict[bytes, FoundResult]:
        known = dict(keys)
        return {
            new.identity: _found(context, new)
            for number, (context, new) in self._there()
            if new.output != known.get(new.identity, new.output)
            and context.code == code
            and number not in self._state.stale
        }

    def values(self, keys: Sequence[tuple[bytes, bytes]]) -> Iterator[str]:
        for key in keys:
            yield self._newest(key).value

    def items(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        return [self._newest(key).items for key in keys]

    def earlier(
        self, key: str, index: int, before: int, identity: bytes | None = None
    ) -> list[EarlierResult]:
        found = [
            _earlier(context, new, self._state.stale.get(number))
            for number, (context, new) in self._there()
            if context.key == key and new.created < before
        ]
        last = list(dict.fromkeys(row.context for row in reversed(found)))[:CONTEXTS]
        near = [row for row in found if row.index == index and row.context in last]
        for context in last[:CONTEXTS_BESIDE]:
            own = sorted((row for row in found if row.context == context), key=lambda row: row.index)
            near += [row for row in own if row.index < index][-BESIDE:]
            near += [row for row in own if row.index > index][:BESIDE]
        near += [row for row in found if row.identity == identity and row not in near]
        return sorted(near, key=found.index, reverse=True)

    def append(self, context: Context, rows: Iterable[NewResult]) -> None:
        self._check_writable()
        for new in list(rows):
            if not self._has(context, new):
                self._state.rows.append((context, new))

    def invalidate(self, keys: Sequence[tuple[bytes, bytes]], reason: str) -> None:
        self._check_writable()
        there = [kept for kept in self._there() if kept[0] not in self._state.stale]
        made = {_attempt(*row) for _, row in there if (row[1].identity, row[1].output) in keys}
        for number, row in there:
            if _attempt(*row) in made:
                self._state.stale[number] = reason

    def record_code(self, parts: Mapping[bytes, str]) -> None:
        self._check_writable()
        for code, text in parts.items():
            self._state.code.setdefault(code, text)

    def code_parts(self, hashes: Collection[bytes]) -> dict[bytes, str]:
        return {code: self._state.code[code] for code in hashes if code in self._state.code}

    def makers(self, key: str) -> list[Maker]:
        made = [_code(context) for context, _ in self._current(key)]
        counts = Counter(reversed(made))
        return [Maker(*code, results=count) for code, count in reversed(counts.items())]

    def made_by(self, key: str, codes: Collection[bytes]) -> Iterator[tuple[Context, NewResult]]:
        yield from [(context, new) for context, new in self._current(key) if context.code in codes]

    def accept(self, acceptances: Sequence[Acceptance]) -> None:
        self._check_writable()
        for one in acceptances:
            self._state.accepted.setdefault((one.key, one.old, one.new), one)

    def acceptances(self, key: str) -> list[Acceptance]:
        found = [one for one in self._state.accepted.values() if one.key == key]
        return sorted(found, key=lambda one: (one.created, one.old, one.new))

    def record_run(self, entry: RunEntry, code: Mapping[bytes, str] = {}) -> None:
        self.record_code(code)
        self._state.runs[entry.run_id] = entry

    def runs(self, workflow: str | None = None) -> list[RunEntry]:
        entries = (entry for entry in self._state.runs.values() if workflow in (None, entry.workflow))
        return sorted(entries, key=lambda entry: (entry.created, entry.run_id), reverse=True)

    def figures(self) -> Figures:
        rows = [row for _, row in self._there()]
        made = [new.created for _, new in rows]
        return Figures(
            *("memory", sum(len(new.value) for _, new in rows), 1, len(rows)),
            *(len(self._state.stale.keys() - self._state.removed), len(self._state.runs)),
            len({context.key for context, _ in rows}),
            *(min(made, default=None), max(made, default=None)),
        )

    def old(self, before: int) -> Iterator[OldResult]:
        for number, (context, new) in self._there():
            if new.created < before:
                yield OldResult(number, new.identity, new.output, context.run_id, len(new.value))

    def remove(self, results: Iterable[OldResult]) -> None:
        self._check_writable()
        for one in list(results):
            if one.number in self._state.stale:
                self._state.forgotten.add((one.identity, one.output))
            self._state.removed.add(one.number)

    def shrink(self) -> bool:
        self._check_writable()
        return False

    def close(self) -> None:
        pass

    def _there(self) -> list[tuple[int, tuple[Context, NewResult]]]:
        return [kept for kept in enumerate(self._state.rows) if kept[0] not in self._state.removed]

    def _newest(self, key: tuple[bytes, bytes]) -> NewResult:
        for _, (_, new) in reversed(self._there()):
            if (new.identity, new.output) == tuple(key):
                return new
        raise StoreError(f"there is no result {key[0].hex()[:12]} any more (a new submit makes it again)")

    def _current(self, key: str) -> Iterator[tuple[Context, NewResult]]:
        for number, (context, new) in self._there():
            if context.key == key and number not in self._state.stale:
                yield context, new

    def _has(self, context: Context, new: NewResult) -> bool:
        """Whether there is a row of this very attempt, or the current one is as good."""
        is_as_good = False
        for number, (other, old) in self._there():
            if old.identity != new.identity:
                continue
            is_same = old.output == new.output
            if is_same and (other, old.index, old.attempt) == (context, new.index, new.attempt):
                return True
            if number not in self._state.stale:
                is_as_good = is_same and old.value == new.value and _code(other) == _code(context)
        return is_as_good

    def _check_writable(self) -> None:
        if not self._write:
            raise StoreError("the store was opened for reading")


class MemorySalvage(Salvage):
    """All that results held; of none, nothing."""

    def __init__(self, state: ResultsState | None) -> None:
        names = ("runs", "code", "acceptances", "results", "forgotten")
        self.lost = dict.fromkeys(names, "there were none") if state is None else {}
        self._state = state or ResultsState()

    def runs(self) -> list[RunEntry]:
        return list(self._state.runs.values())

    def code(self) -> dict[bytes, str]:
        return self._state.code

    def acceptances(self) -> list[Acceptance]:
        return list(self._state.accepted.values())

    def results(self) -> Iterator[tuple[Context, NewResult, str | None]]:
        for number, row in enumerate(self._state.rows):
            if number not in self._state.removed:
                yield (*row, self._state.stale.get(number))

    def forgotten(self) -> set[tuple[bytes, bytes]]:
        return self._state.forgotten


def _found(context: Context, new: NewResult) -> FoundResult:
    return FoundResult(
        *(new.identity, new.output, new.items, new.paths, context.run_id, new.index, new.created),
        *(context.code, context.source, context.file),
    )


def _earlier(context: Context, new: NewResult, stale: str | None) -> EarlierResult:
    return EarlierResult(
        new.identity, new.output, new.index, new.attempt, new.parts, new.created, stale, context
    )


def _attempt(context: Context, new: NewResult) -> tuple[object, ...]:
    return context.run_id, context.task, new.index, new.attempt, new.output


def _code(context: Context) -> tuple[bytes, bytes, str]:
    return context.code, context.source, context.file
