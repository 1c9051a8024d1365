"""What is asked of reflow, and how each figure is made of the numbers of one round."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.measure import CHAIN
from benchmarks.table import Figure, Numbers, number, ratio

YARDSTICKS = {"P": "P", "Pool1(1000)": "pool 1000", "Pool1(10000)": "pool 10000"}


def _slope(of: str, low: int, high: int) -> Callable[[Numbers], float]:
    """Return what one instance more takes, in seconds."""
    return lambda numbers: (numbers[f"{of} {high}"] - numbers[f"{of} {low}"]) / (high - low)


def _bend(numbers: Numbers) -> float:
    return _slope("run", 1000, 10_000)(numbers) / _slope("run", 100, 1000)(numbers)


def _bytes(numbers: Numbers) -> float:
    stored = _slope("bytes", 100, 10_000)(numbers)
    return stored - _slope("values", 100, 10_000)(numbers)


FIGURES = (
    Figure("import reflow", 3, "P", ratio("import", "P of import")),
    Figure("flow.py submit --help", 4, "P", ratio("help", "P of help")),
    Figure("status, n=10000", 5, "P", ratio("status 10000", "P of status 10000")),
    Figure("status, n=10000", 1.1, "of n=100", ratio("status 10000", "status 100")),
    Figure("fan-out and gather, n=1000", 3, "Pool1", ratio("run 1000", "pool 1000")),
    Figure("fan-out and gather, n=10000", 2.5, "Pool1", ratio("run 10000", "pool 10000")),
    Figure("slope from 1000 to 10000", 1.3, "of that from 100 to 1000", _bend),
    Figure("all reused, n=1000", 8, "P", ratio("reuse 1000", "P of reuse 1000")),
    Figure(
        "all reused, from 1000 to 10000",
        0.05,
        "ms each",
        lambda n: 1000 * _slope("reuse", 1000, 10_000)(n),
        3,
    ),
    Figure("all reused, n=10000", 0.5, "of running them", ratio("reuse 10000", "run 10000")),
    Figure("one item of 10000 changed", 2, "of all reused", ratio("changed 10000", "reuse 10000")),
    Figure(f"three chained stages of {CHAIN}", 5, f"Pool1({3 * CHAIN})", ratio("chain", "pool of chain")),
    Figure("code of a task across 50 modules, hashed", 20, "ms", number("hashing"), 1),
    Figure("ledger and results, beyond the values", 400, "bytes each", _bytes, 0),
    Figure("files of a run, from n=100 to 10000", 0, "more", lambda n: n["files 10000"] - n["files 100"], 0),
    Figure("peak memory, n=10000", 45, "MB", number("peak 10000"), 1),
    Figure("peak memory, from n=100 to 10000", 20, "MB more", lambda n: n["peak 10000"] - n["peak 100"], 1),
)
