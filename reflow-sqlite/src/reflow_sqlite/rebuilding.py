"""Results made anew, beside those that they come in the place of."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from reflow.plugin import Results, Salvage, StoreError, make_directory, remove_directory
from reflow_sqlite.failures import other_file
from reflow_sqlite.files import locked
from reflow_sqlite.replacing import replace
from reflow_sqlite.results import SqliteResults
from reflow_sqlite.salvage import SqliteSalvage
from reflow_sqlite.schema import RESULTS


def rebuild(path: str, fill: Callable[[Results, Salvage], None]) -> str | None:
    """Fill new results under the lock of the old ones, and put them in their place; return where those are kept.

    Raises:
        StoreError: They cannot be written, or what is there is a text of somebody's.
    """
    if other := other_file(path):
        raise other
    folder = f"{path}.rebuilt"
    fresh = os.path.join(folder, os.path.basename(path))
    try:
        make_directory(os.path.dirname(path))
    except OSError as error:
        raise StoreError(f"cannot make the directory of the store {path}: {error.strerror}") from error
    with locked(path) as lock:
        remove_directory(folder)  # what a killed one left
        try:
            with (
                contextlib.closing(SqliteResults(fresh, write=True, beat=lock.beat)) as results,
                contextlib.closing(SqliteSalvage(path)) as salvage,
            ):
                fill(results, salvage)
            return replace(RESULTS, path, fresh)
        finally:
            remove_directory(folder)
