"""The promises of a store: of its ledgers and of its results."""

from __future__ import annotations

from reflow.testing.ledger_contract import LedgerContract
from reflow.testing.rebuilding_contract import RebuildingContract
from reflow.testing.results_contract import ResultsContract
from reflow.testing.stale_contract import StaleContract
from reflow.testing.writing_contract import WritingContract


class StoreContract(LedgerContract, WritingContract, ResultsContract, StaleContract, RebuildingContract):
    """What a store promises: subclass it with a fixture ``store`` that returns a store at a new address."""
