"""The list of runs."""

from __future__ import annotations

import sqlite3

from reflow.plugin import RunEntry
from reflow_sqlite.changes import plain
from reflow_sqlite.connection import Row
from reflow_sqlite.seals import check_row, row_seal

RUNS = "SELECT run_id, workflow, run_dir, created, executor, parameters, seal FROM runs"


def run_entry_of(row: Row) -> RunEntry:
    """Return what a row of the list of runs says. Raises `Torn`."""
    *columns, sealed = row
    check_row("runs", columns, sealed, f"what it says of run {columns[0]!r}")
    return RunEntry(*columns)


def write_entry(db: sqlite3.Connection, entry: RunEntry) -> None:
    """Add a run to the list, or replace its entry."""
    run_id, workflow, run_dir, created, executor, parameters = entry
    row = (run_id, workflow, plain(run_dir), created, executor, plain(parameters))
    db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, row_seal("runs", row)))
