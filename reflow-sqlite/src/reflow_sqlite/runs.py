"""The list of runs."""

from __future__ import annotations

import os
import sqlite3

from reflow.plugin import RunEntry
from reflow_sqlite.connection import Row
from reflow_sqlite.insertion import plain
from reflow_sqlite.seals import check_row, row_seal

RUNS = "SELECT run_id, workflow, run_dir, created, executor, parameters, seal FROM runs"


def run_entry_of(row: Row) -> RunEntry:
    """Return what a row of the list of runs says. Raises `Torn`."""
    *columns, sealed = row
    check_row("runs", columns, sealed, f"what it says of run {columns[0]!r}")
    run_id, workflow, run_dir, *rest = columns
    return RunEntry(run_id, workflow, os.fsdecode(run_dir), *rest)


def write_entry(db: sqlite3.Connection, entry: RunEntry) -> None:
    """Add a run to the list, or replace its entry."""
    run_id, workflow, run_dir, created, executor, parameters = entry
    row = (run_id, workflow, _path(run_dir), created, executor, plain(parameters))
    db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, row_seal("runs", row)))


def _path(text: str) -> str | bytes:
    """Return a path as SQLite takes it: the run is looked for there, so what is no text stands as its bytes."""
    return text if plain(text) == text else os.fsencode(text)
