"""The local executor keeps the promises of a resident executor, with real processes."""

from __future__ import annotations

import pytest

from reflow.testing.executor_contract import ResidentExecutorContract
from reflow_local import LocalExecutor


class TestLocalExecutor(ResidentExecutorContract):
    @pytest.fixture
    def executor(self):
        return LocalExecutor({"workers": 2})
