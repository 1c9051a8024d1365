"""A store in the memory of this process: the fake that passes the contract of a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reflow.contracts.store import Ledger, Results, Salvage, Store
from reflow.errors import StoreDamaged
from reflow.testing.memory_ledger import LedgerState, MemoryLedger
from reflow.testing.memory_results import MemoryResults, MemorySalvage, ResultsState

_LEDGERS: dict[str, list[LedgerState]] = {}  # by directory; one state each, replaced as a whole
_RESULTS: dict[str, ResultsState] = {}  # by address


class MemoryStore(Store):
    """Keeps everything in dicts: stores of one address in one process share their results."""

    name = "memory"

    def create_ledger(
        self, directory: str, run_id: str, workflow: str, tasks: Sequence[str], created: int, epoch: int = 0
    ) -> Ledger:
        place = _LEDGERS.setdefault(directory, [LedgerState(run_id, workflow, tasks, created, epoch)])
        return MemoryLedger(place, write=True)

    def open_ledger(self, directory: str, *, write: bool = False) -> Ledger:
        if directory not in _LEDGERS:
            raise StoreDamaged(f"there is no ledger at {directory}")
        return MemoryLedger(_LEDGERS[directory], write=write)

    def replace_ledger(self, directory: str, fresh: str) -> str | None:
        (state,) = _LEDGERS.pop(fresh)
        if directory not in _LEDGERS:
            _LEDGERS[directory] = [state]
            return None
        aside = f"{directory}.damaged-{len(_LEDGERS)}"
        place = _LEDGERS[directory]
        _LEDGERS[aside] = place.copy()
        place[0] = state  # whoever has it open reads this from now on, and is of an epoch that is over
        return aside

    def open_results(self, *, write: bool = False) -> Results:
        return MemoryResults(_RESULTS.setdefault(self.address, ResultsState()), write=write)

    def rebuild_results(self, fill: Callable[[Results, Salvage], None]) -> str | None:
        fresh = ResultsState()
        fill(MemoryResults(fresh, write=True), MemorySalvage(_RESULTS.get(self.address)))
        before = _RESULTS.get(self.address)
        _RESULTS[self.address] = fresh
        if before is None:
            return None
        aside = f"{self.address}.damaged-{len(_RESULTS)}"
        _RESULTS[aside] = before
        return aside
