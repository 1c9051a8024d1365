"""``python -m benchmarks.why``: how long ``why`` takes with a million results of the task in question in the store.

The results are of runs of 10,000 instances each, of a single run, or each of a run of its own: all differ from what is
asked about, so that the nearest has to be looked for.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import run
from benchmarks.venvs import venv_with_reflow

RESULTS = 1_000_000
TRIES = 5
FLOW = Path(__file__).resolve().parent / "flows" / "fan_out.py"

FILL = """
import json, sys
from hashlib import sha256
from reflow_sqlite import SqliteStore
from reflow.plugin import Context, NewResult

store, width, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
results = SqliteStore(store).open_results(write=True)

batches = []

def digest(*what):
    return sha256(repr(what).encode()).digest()

for run in range(runs):
    parts = {"task": "fan_out.no_op", "version": "1", "code": "", "shared": {"changed": digest(run).hex()}, "after": []}
    context = Context(
        f"old-{run}", "no_op", "fan_out.no_op", "1", b"", b"", "", json.dumps(parts), ("item",)
    )
    for first in range(0, width, 10_000):
        rows = [
            NewResult(
                digest(run, i), digest("out", run, i), str(i), None, False, i, 1, digest(i), 1_700_000_000_000 + run
            )
            for i in range(first, min(width, first + 10_000))
        ]
        batches.append((context, rows))
    if len(batches) * width >= 50_000 or run == runs - 1:
        results.append_all(batches)
        batches = []
results.close()
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.why", description=__doc__)
    parser.add_argument("--results", type=int, default=RESULTS)
    options = parser.parse_args()
    python = str(venv_with_reflow())
    for name, width in (("10,000 a run", 10_000), ("one run", options.results), ("one a run", 1)):
        with tempfile.TemporaryDirectory(prefix="reflow-bench-") as home:
            for line in _measured(python, home, width, options.results // width):
                print(f"{name:14}{line}", flush=True)
    return 0


def _measured(python: str, home: str, width: int, runs: int) -> Iterator[str]:
    store = os.path.join(home, "store.db")
    begun = time.perf_counter()
    run([python, "-c", FILL, store, str(width), str(runs)], home=home)
    megabytes = os.path.getsize(store) / 1e6
    yield f"{width * runs} results, {megabytes:.0f} MB, made in {time.perf_counter() - begun:.0f} s"
    submit = [python, str(FLOW), "submit", "--executor", "inline", "-q", "--n", "200"]
    yield f"submit of 200: {run(submit, home=home).seconds:.3f} s"
    for what in ("items", "no_op[100]", "count"):
        ask = [python, str(FLOW), "why", what]
        seconds = min(run(ask, home=home).seconds for _ in range(TRIES))
        yield f"why {what}: {seconds:.3f} s"
    start = min(run([python, "-c", "pass"], home=home).seconds for _ in range(TRIES))
    yield f"of which Python's start: {start:.3f} s"


if __name__ == "__main__":
    raise SystemExit(main())
