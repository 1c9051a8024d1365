"""Runs a flow's command line, and says at the end how often outcomes were taken into the ledger.

It counts calls and changes none: ``python counted.py INGESTS_FILE FLOW.py WORD ...``.
"""

import runpy
import sys

from reflow.plugin import Changes
from reflow_sqlite.ledger import SqliteLedger

ingests = 0
apply = SqliteLedger.apply


def counting(ledger: SqliteLedger, changes: Changes, epoch: int) -> None:
    global ingests
    ingests += bool(changes.segments)
    apply(ledger, changes, epoch)


if __name__ == "__main__":
    place, *sys.argv = sys.argv[1:]
    SqliteLedger.apply = counting
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        with open(place, "w", encoding="ascii") as file:
            file.write(str(ingests))
