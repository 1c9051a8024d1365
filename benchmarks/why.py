"""``python -m benchmarks.why``: measure ``why`` with a million results of the task in question in the store.

The results are of runs of 10,000 instances each, of a single run, or each of a run of its own: all differ from what is
asked about, so that the nearest has to be looked for.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import run
from benchmarks.table import ROUNDS, Figure, Numbers, measured, number, print_table
from benchmarks.venvs import venv_with_reflow

RESULTS = 1_000_000
WIDTHS = {"10,000 a run": 10_000, "all of one run": RESULTS, "one a run": 1}  #: results of a run, at most
ASKED = ("items", "no_op[100]", "count")  #: what comes before the task in question, it, and what comes behind
TARGET_S = 0.3
FIGURES = tuple(
    Figure(f"why {what}, {store}", TARGET_S, "s", number(f"{what}, {store}"), 3)
    for store in WIDTHS
    for what in ASKED
)
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.why", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often everything is measured")
    parser.add_argument("--results", type=int, default=RESULTS, help="how many there are in each store")
    options = parser.parse_args()
    python = str(venv_with_reflow())
    rounds: list[Numbers] = [{} for _ in range(options.rounds)]
    for store in WIDTHS:
        for numbers, more in zip(rounds, _of_store(python, store, options), strict=True):
            numbers.update(more)
    print_table(FIGURES, rounds, {"P": "P"})
    return 0


def _of_store(python: str, store: str, options: argparse.Namespace) -> list[Numbers]:
    """Fill a store, submit to it, and measure what is asked of that run."""
    width = min(WIDTHS[store], options.results)
    with tempfile.TemporaryDirectory(prefix="reflow-bench-") as home:
        _fill(python, home, width, options.results // width)
        submit = [python, str(FLOW), "submit", "--executor", "inline", "-q", "--n", "200"]
        _tell(f"{store}: a submit of 200 to it takes {run(submit, home=home).seconds:.3f} s")
        return measured(lambda: _asked(python, home, store), options.rounds)


def _fill(python: str, home: str, width: int, runs: int) -> None:
    store = os.path.join(home, "store.db")
    begun = time.perf_counter()
    run([python, "-c", FILL, store, str(width), str(runs)], home=home)
    took_s, megabytes = time.perf_counter() - begun, os.path.getsize(store) / 1e6
    _tell(f"{runs} runs of {width} results: {megabytes:.0f} MB, made in {took_s:.0f} s")


def _asked(python: str, home: str, store: str) -> Numbers:
    numbers = {"P": run([python, "-c", "pass"], home=home).seconds}
    for what in ASKED:
        numbers[f"{what}, {store}"] = run([python, str(FLOW), "why", what], home=home).seconds
    return numbers


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
