"""Runs a flow's command line, and says at the end how often results were looked up, and by how many queries.

It counts calls and changes none: ``python asked.py COUNTS_FILE FLOW.py WORD ...``.
"""

import json
import runpy
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from reflow_sqlite.lookup import Lookup

counts: Counter[str] = Counter()
find, read = Lookup.find, Lookup.read


def finding(results: Lookup, identities: set[bytes]) -> Any:
    counts["look-ups"] += 1
    return find(results, identities)


def reading(results: Lookup, query: str, parameters: Sequence[object]) -> Any:
    counts["queries"] += 1
    return read(results, query, parameters)


if __name__ == "__main__":
    place, *sys.argv = sys.argv[1:]
    Lookup.find, Lookup.read = finding, reading  # type: ignore[method-assign]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        with open(place, "w", encoding="ascii") as file:
            json.dump(counts, file)
