"""What the tests of a store work with."""

from __future__ import annotations

from pathlib import Path

import pytest

from reflow.contracts.store import Ledger, Results, Store
from reflow.testing.contract import Contract
from reflow.testing.store_rows import (
    NOW,
    TASKS,
)


class StoreFixtures(Contract):
    """What the tests of a store work with. A subclass gives the fixture ``store``: a store at a new address."""

    @pytest.fixture
    def store(self) -> Store:
        """Return a store at an address that nobody has used."""
        raise NotImplementedError("give a fixture 'store' that returns a store at a new address")

    @pytest.fixture
    def directory(self, tmp_path: Path) -> str:
        """Return the directory of a run."""
        path = tmp_path / "run"
        path.mkdir()
        return str(path)

    @pytest.fixture
    def beside(self, tmp_path: Path) -> str:
        """Return a directory for a ledger that comes in the place of another."""
        path = tmp_path / "beside"
        path.mkdir()
        return str(path)

    @pytest.fixture
    def ledger(self, store: Store, directory: str) -> Ledger:
        """Return a new ledger, of epoch 1."""
        made = store.create_ledger(directory, "demo-1", "demo", TASKS, NOW)
        made.take_epoch()
        return made

    @pytest.fixture
    def results(self, store: Store) -> Results:
        """Return results that nobody has written to."""
        return store.open_results(write=True)

    @pytest.fixture
    def other(self, store: Store) -> Store:
        """Return a second store of the same address, as another process has one."""
        return type(store)(store.address)

    @pytest.fixture
    def seen(self, ledger: Ledger, other: Store, directory: str) -> Ledger:
        """Return the ledger as a second store sees it, to whom nothing was handed but the directory."""
        return other.open_ledger(directory)

    @pytest.fixture
    def found(self, results: Results, other: Store) -> Results:
        """Return the results as a second store sees them."""
        return other.open_results()
