"""Ledgers and results in SQLite files."""

from __future__ import annotations

import pytest

from reflow.testing.store_rows import NOW, TASKS
from reflow_sqlite import SqliteStore


@pytest.fixture
def run(tmp_path):
    """Return the directory of a run."""
    path = tmp_path / "run"
    path.mkdir()
    return path


@pytest.fixture
def store(tmp_path):
    """Return a store whose results are at ``store.db``."""
    return SqliteStore(str(tmp_path / "store.db"))


@pytest.fixture
def ledger(store, run):
    """Return a new ledger, of epoch 1."""
    made = store.create_ledger(str(run), "demo-1", "demo", TASKS, NOW)
    made.take_epoch()
    yield made
    made.close()


@pytest.fixture
def results(store):
    """Return new results."""
    made = store.open_results(write=True)
    yield made
    made.close()
