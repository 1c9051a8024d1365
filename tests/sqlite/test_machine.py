"""Whatever is done to a SqliteStore, it answers as dicts do."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import initialize, invariant, rule

from reflow.testing import StoreMachine
from reflow_sqlite import SqliteStore
from reflow_sqlite.ledger import SqliteLedger


class SqliteMachine(StoreMachine):
    def make_store(self, root):
        return SqliteStore(f"{root}/store.db")


class SharedMachine(SqliteMachine):
    """Others have the ledger open all the time: one that writes now and then, and one that reads."""

    @initialize()
    def create(self):
        super().create()
        self.writer, self.reader = (SqliteLedger(self.directory, write=write) for write in (True, False))

    def teardown(self):
        self.writer.close()
        self.reader.close()
        super().teardown()

    @rule()
    def change_places(self):
        self.ledgers[0], self.writer = self.writer, self.ledgers[0]

    @invariant()
    def the_others_agree(self):
        if hasattr(self, "reader"):
            mine = self.ledgers[0]
            for other in (self.writer, self.reader):
                self.ledgers[0] = other
                self.the_ledgers_agree()
            self.ledgers[0] = mine


TestSqliteMachine = SqliteMachine.TestCase
TestSqliteMachine.settings = settings(max_examples=25, stateful_step_count=25)
TestSharedMachine = SharedMachine.TestCase
TestSharedMachine.settings = settings(max_examples=10, stateful_step_count=15)
