"""``python -m benchmarks``: build reflow as users install it, measure it, print the table."""

from __future__ import annotations

import argparse
import sys
from statistics import median

from benchmarks.figures import FIGURES, Figure
from benchmarks.measure import Bench, Numbers
from benchmarks.venvs import venv_with_reflow

ROUNDS = 5


def main() -> int:
    options = _options()
    bench = Bench(venv_with_reflow())
    rounds = []
    for number in range(1, options.rounds + 1):
        print(f"round {number} of {options.rounds}", file=sys.stderr, flush=True)
        rounds.append(bench.round())
    print_table(rounds)
    return 0


def print_table(rounds: list[Numbers]) -> None:
    """Print the median of each figure beside its target."""
    width = max(len(figure.name) for figure in FIGURES)
    print(f"{'':{width}}  {'target':>8}  {'measured':>8}  {'from':>8}  {'to':>8}")
    for figure in FIGURES:
        values = sorted(figure.of(numbers) for numbers in rounds)
        verdict = "ok" if median(values) <= figure.target else "over"
        columns = (_shown(figure, value) for value in (figure.target, median(values), values[0], values[-1]))
        print(f"{figure.name:{width}}  {'  '.join(columns)}  {figure.unit}  {verdict}")
    seconds = {
        name: 1000 * median(numbers[name] for numbers in rounds) for name in ("P", "pool 1000", "pool 10000")
    }
    print(
        f"medians of {len(rounds)} rounds; P is {seconds['P']:.1f} ms, "
        f"Pool1(1000) {seconds['pool 1000']:.0f} ms, Pool1(10000) {seconds['pool 10000']:.0f} ms"
    )


def _shown(figure: Figure, value: float) -> str:
    return f"{value:8.{figure.digits}f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often everything is measured")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
