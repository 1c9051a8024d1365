"""``python -m benchmarks``: build reflow as users install it, measure it, print the table."""

from __future__ import annotations

from benchmarks.figures import FIGURES, YARDSTICKS
from benchmarks.measure import Bench
from benchmarks.table import measured, print_table, rounds_asked_for
from benchmarks.venvs import venv_with_reflow


def main() -> int:
    count = rounds_asked_for("benchmarks", __doc__)
    rounds = measured(Bench(venv_with_reflow()).round, count)
    print_table(FIGURES, rounds, YARDSTICKS)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
