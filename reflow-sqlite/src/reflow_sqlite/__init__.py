"""Keeps the ledger of a run and the results that runs share in SQLite files."""

from __future__ import annotations

from collections.abc import Iterable

from reflow.plugin import Store, hookimpl
from reflow_sqlite.store import SqliteStore


@hookimpl
def reflow_stores() -> Iterable[type[Store]]:
    """Offer the SQLite store."""
    return [SqliteStore]


__all__ = ["SqliteStore", "reflow_stores"]
