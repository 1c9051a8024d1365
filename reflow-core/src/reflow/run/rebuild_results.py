"""Making the results that runs share anew: from what can still be read of them, and from the ledgers of runs.

A result that had been invalidated must not come back. A row that can be read knows whether it was; of what only a
ledger has nobody can tell, not even where all rows can be read: they may be those of an earlier rebuild. So it is
taken in as stale.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

from reflow.contracts.store import Results, Salvage, Store
from reflow.errors import ReflowError, StoreError
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import Context, FoundResult, NewResult, RunEntry
from reflow.run.listing import run_entry
from reflow.run.opened import OpenRun
from reflow.run.publish import context_of, results_of
from reflow.rundir.layout import run_paths
from reflow.rundir.runfile import read_run

BATCH = 2_000  #: rows in one transaction
IN_DOUBT = "the store was damaged, and nobody can tell whether this had been invalidated"
OLDER = "a newer one from the same inputs is there; only the runs that have it still do"

Pair = tuple[bytes, bytes]
_T = TypeVar("_T")


class Place(NamedTuple):
    """Where a run is, or was."""

    run_dir: str
    run_id: str


class RebuiltResults(NamedTuple):
    """What a rebuild came to.

    Attributes:
        aside: Where the damaged ones are kept, or None where there were none.
        kept: How many results could be read of them.
        runs: How many ledgers were read.
        unread: Runs that could not be read, and why.
        lost: What could not be read of the damaged ones, by its name, and why.
        in_doubt: How many results only ledgers have, and are not reused, since they may have been invalidated.
    """

    aside: str | None
    kept: int
    added: int
    runs: int
    unread: dict[str, str]
    lost: dict[str, str]
    in_doubt: int


def rebuild_results(
    store: Store, open_run: Callable[[Place], OpenRun], places: Iterable[Place], *, trust: bool = False
) -> RebuiltResults:
    """Make the results at a store's address anew, and put them in the place of those that are there.

    Args:
        places: Runs beyond those of the list of runs, as far as that can be read.
        trust: Whether results of which nobody can tell whether they had been invalidated are to be reused all the same.

    Raises:
        StoreError: They cannot be written, or somebody else holds them; nothing was changed.
    """
    filling = _Filling(open_run, dict.fromkeys(places), trust=trust)
    aside = store.rebuild_results(filling.fill)
    return RebuiltResults(
        *(aside, filling.kept, filling.added, filling.runs, filling.unread, filling.lost, filling.in_doubt)
    )


class _Filling:
    def __init__(
        self, open_run: Callable[[Place], OpenRun], places: dict[Place, None], *, trust: bool
    ) -> None:
        self._open_run = open_run
        self._places = places
        self._trust = trust
        self._stale: set[Pair] = set()
        self.kept = self.added = self.runs = self.in_doubt = 0
        self.unread: dict[str, str] = {}
        self.lost: dict[str, str] = {}

    def fill(self, new: Results, old: Salvage) -> None:
        new.record_code(old.code())
        new.accept(old.acceptances())
        self._stale = old.forgotten()
        self._copy(new, old)
        listed = {Place(entry.run_dir, entry.run_id): entry for entry in old.runs()}
        created = {place: _created(place) for place in self._places if place not in listed}
        created |= {place: entry.created for place, entry in listed.items()}
        for place in sorted(created, key=lambda place: created[place]):
            self._take_in(new, place, listed.get(place))
        self.lost = dict(old.lost)

    def _copy(self, new: Results, old: Salvage) -> None:
        """Take over what can be read: all of a pair is stale where one row is, until a newer one was made."""
        for batch in _batches(old.results()):
            due: list[tuple[Context, list[NewResult]]] = []
            for context, result, why in batch:
                stale = None if self._trust and why == IN_DOUBT else why
                due.append((context, [result]))
                if stale is not None:
                    new.append_all(_grouped(due))
                    due = []
                    new.invalidate([(result.identity, result.output)], stale)
                    self._stale.add((result.identity, result.output))
                self.kept += 1
            new.append_all(_grouped(due))

    def _take_in(self, new: Results, place: Place, entry: RunEntry | None) -> None:
        """Add what the ledger of a run has; one that cannot be read stays in the list."""
        try:
            with contextlib.closing(self._open_run(place)) as run:
                new.record_run(run_entry(run.paths, run.info))
                overview = run.ledger.overview()
                for row in overview.tasks.values():
                    self._add(new, run, context_of(run, row), overview.published)
        except (ReflowError, OSError) as error:
            self.unread[place.run_id] = str(error).splitlines()[0]
            if entry is not None:
                new.record_run(entry)
        else:
            self.runs += 1

    def _add(self, new: Results, run: OpenRun, context: Context, published: int) -> None:
        node = run.graph.tasks[context.task]
        for batch in _batches(run.ledger.kept(context.task)):
            was_there = {(one.identity, one.output.output) for one in batch if one.number <= published}
            rows = [row for row in results_of(node, batch) if _pair(row) not in self._stale]
            there = new.find({row.identity for row in rows})
            beside = [row for row in rows if _pair(row) in was_there and _differs(new, row, there)]
            rows = [*(row for row in rows if row.identity not in there), *beside]
            new.append(context, rows)
            self.added += len(rows)
            older = {_pair(row) for row in beside if row.created <= there[row.identity].created}
            new.invalidate([*older], OLDER)
            in_doubt = [pair for row in rows if (pair := _pair(row)) in was_there and pair not in older]
            if in_doubt and not self._trust:
                new.invalidate(in_doubt, IN_DOUBT)
                self.in_doubt += len(in_doubt)


def _created(place: Place) -> int:
    """Return when a run was submitted; what cannot be told is as good as before all others."""
    try:
        created: int = read_run(run_paths(place.run_dir, place.run_id))["created"]
    except (ReflowError, OSError):
        return 0
    return created


def _pair(row: NewResult) -> Pair:
    return row.identity, row.output


def _differs(new: Results, row: NewResult, there: Mapping[bytes, FoundResult]) -> bool:
    """Whether others are there of the same inputs, and none of them, be it stale, is as this one."""
    if row.identity not in there or row.output == there[row.identity].output:
        return False
    try:
        return not any(True for _ in new.values([_pair(row)]))
    except StoreError:
        return True


def _grouped(rows: list[tuple[Context, list[NewResult]]]) -> Iterator[tuple[Context, list[NewResult]]]:
    """Yield rows of one context that follow each other together: the order of all stays."""
    group: list[NewResult] = []
    before: Context | None = None
    for context, own in rows:
        if before is not None and context != before:
            yield before, group
            group = []
        before = context
        group += own
    if before is not None:
        yield before, group


def _batches(rows: Iterable[_T]) -> Iterator[list[_T]]:
    found = iter(rows)
    while batch := list(islice(found, BATCH)):
        yield batch
