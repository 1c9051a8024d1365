"""A store in the memory of this process: the fake that passes the contract of a store."""

from __future__ import annotations

from collections.abc import Sequence

from reflow.contracts.store import Ledger, Results, Store
from reflow.errors import StoreError
from reflow.testing.memory_ledger import LedgerState, MemoryLedger
from reflow.testing.memory_results import MemoryResults, ResultsState

_LEDGERS: dict[str, list[LedgerState]] = {}  # by directory; one state each, replaced as a whole
_RESULTS: dict[str, ResultsState] = {}  # by address


class MemoryStore(Store):
    """Keeps everything in dicts: stores of one address in one process share their results."""

    name = "memory"

    def create_ledger(
        self, directory: str, run_id: str, workflow: str, tasks: Sequence[str], created: int
    ) -> Ledger:
        place = _LEDGERS.setdefault(directory, [LedgerState(run_id, workflow, tasks, created)])
        return MemoryLedger(place, write=True)

    def open_ledger(self, directory: str, *, write: bool = False) -> Ledger:
        if directory not in _LEDGERS:
            raise StoreError(f"there is no ledger at {directory}")
        return MemoryLedger(_LEDGERS[directory], write=write)

    def open_results(self, *, write: bool = False) -> Results:
        return MemoryResults(_RESULTS.setdefault(self.address, ResultsState()), write=write)
