"""Whatever is done to a SqliteStore, it answers as dicts do."""

from __future__ import annotations

from hypothesis import settings

from reflow.testing import StoreMachine
from reflow_sqlite import SqliteStore


class SqliteMachine(StoreMachine):
    def make_store(self, root):
        return SqliteStore(f"{root}/store.db")


TestSqliteMachine = SqliteMachine.TestCase
TestSqliteMachine.settings = settings(max_examples=25, stateful_step_count=25)
