"""The executor of this process keeps the promises of a resident executor, as far as they need no processes."""

from __future__ import annotations

import sys

import pytest

from reflow.inline import InlineExecutor
from reflow.testing.executor_contract import ResidentExecutorContract


class TestInlineExecutor(ResidentExecutorContract):
    has_processes = False

    @pytest.fixture
    def executor(self):
        yield InlineExecutor()
        sys.modules.pop("small_flow", None)
