"""MemoryStore, on which other tests rely, keeps the promises of a store."""

from __future__ import annotations

import pytest

from reflow.testing import MemoryStore, StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return MemoryStore(f"memory://{tmp_path}")
