"""Runs a flow's command line, and says at the end how often results were looked up, and by how many queries.

It counts calls and changes none: ``python asked.py COUNTS_FILE FLOW.py WORD ...``.
"""

import json
import runpy
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from reflow_sqlite.results import SqliteResults

counts: Counter[str] = Counter()
find, read = SqliteResults.find, SqliteResults._read


def finding(results: SqliteResults, identities: Collection[bytes]) -> Any:
    counts["look-ups"] += 1
    return find(results, identities)


def reading(results: SqliteResults, query: str, parameters: Sequence[object]) -> Any:
    counts["queries"] += 1
    return read(results, query, parameters)


if __name__ == "__main__":
    place, *sys.argv = sys.argv[1:]
    SqliteResults.find, SqliteResults._read = finding, reading  # type: ignore[method-assign]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        with open(place, "w", encoding="ascii") as file:
            json.dump(counts, file)
