"""``python -m benchmarks.slurm``: measure reflow, as it is installed, on a private cluster; print the table."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.slurm.cluster import private_cluster
from benchmarks.slurm.figures import AGAINST_PEER, FIGURES, YARDSTICKS
from benchmarks.slurm.measure import Bench
from benchmarks.table import measured, print_table, rounds_asked_for
from benchmarks.venvs import new_venv, venv_with_reflow


def main() -> int:
    count = rounds_asked_for("benchmarks.slurm", __doc__)
    python, peer = venv_with_reflow("reflow-slurm"), _peer()
    with private_cluster() as cluster:
        rounds = measured(Bench(cluster, python, peer).round, count)
    print_table([*FIGURES, *(AGAINST_PEER if peer else ())], rounds, YARDSTICKS)
    if peer is None:
        print("reflow-hpc could not be installed here: nothing is measured against it")
    return 0


def _peer() -> Path | None:
    try:
        return new_venv("reflow-hpc", ["reflow-hpc"])
    except subprocess.CalledProcessError:
        return None


if __name__ == "__main__":
    raise SystemExit(main())
