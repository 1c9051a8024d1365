"""What is asked of reflow on a cluster, and how each figure is made of the numbers of one round.

array-py is a bare ``sbatch --array=0-(n-1) --wrap 'python3 -c pass'`` of the same n, from submit to an empty queue.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.slurm.measure import ARRAY, COUNTED, PACK, SUBMITTED
from benchmarks.table import Figure, Numbers, number, ratio

YARDSTICKS = {
    "P": "P",
    "sbatch": "sbatch",
    **{f"array-py({width})": f"array-py {width}" for width in (ARRAY, PACK)},
}


def _of_submit(width: int) -> Iterator[Figure]:
    name = f"submit, n={width}"
    yield Figure(name, 8, "P", ratio(f"submit {width}", f"P of submit {width}"))
    yield Figure(name, 6, "sbatch", ratio(f"submit {width}", f"sbatch of submit {width}"))
    yield Figure(name, None, "of 8 P and 6 sbatch together", lambda numbers: _of_both(numbers, width))


def _of_both(numbers: Numbers, width: int) -> float:
    budget = 8 * numbers[f"P of submit {width}"] + 6 * numbers[f"sbatch of submit {width}"]
    return numbers[f"submit {width}"] / budget


FIGURES = (
    *(figure for width in SUBMITTED for figure in _of_submit(width)),
    Figure(f"fan-out and gather, n={ARRAY}", 2, "array-py", ratio(f"run {ARRAY}", f"array-py {ARRAY}")),
    Figure("worker, one no-op", 4, "P", ratio("worker", "P of worker")),
    Figure(
        f"fan-out and gather, n={PACK}, pack=50", 0.15, "array-py", ratio("packed", f"array-py {PACK}"), 3
    ),
    Figure("peak memory of a worker", 30, "MB", number("peak of worker"), 1),
    Figure("file-system calls of a worker", 5, "of P's", ratio("files of worker", "files of P")),
    Figure("entry points that a worker reads", 0, "files", number("scans of worker"), 0),
    Figure(f"scheduler calls of a run, n={COUNTED}", 18, "calls", number(f"calls {COUNTED}"), 0),
)
AGAINST_PEER = (
    Figure(
        f"run, n={ARRAY}, to an empty queue", None, "of reflow-hpc's", ratio(f"whole run {ARRAY}", "peer")
    ),
    Figure(f"Slurm jobs, n={ARRAY}, an array as one", None, "jobs", number(f"jobs {ARRAY}"), 0),
    Figure("  of reflow-hpc", None, "jobs", number("jobs of peer"), 0),
    Figure(f"scheduler calls, n={ARRAY}", None, "calls", number(f"calls {ARRAY}"), 0),
    Figure("  of reflow-hpc", None, "calls", number("calls of peer"), 0),
)
