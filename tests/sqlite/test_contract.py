"""SqliteStore keeps the promises of a store."""

from __future__ import annotations

import pytest

from reflow.testing import StoreContract
from reflow_sqlite import SqliteStore


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return SqliteStore(str(tmp_path / "state" / "store.db"))
