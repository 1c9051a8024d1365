"""The table of figures: each is measured some rounds long, and its median stands beside its target."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

Numbers = dict[str, float]  #: of one round, by name: seconds, MB (1e6 bytes), bytes, files or calls

ROUNDS = 5


class Figure(NamedTuple):
    """One line of the table.

    Attributes:
        target: What the median may be at most; None where the figure is only shown.
        of: Makes the figure of the numbers of one round.
    """

    name: str
    target: float | None
    unit: str
    of: Callable[[Numbers], float]
    digits: int = 2


def ratio(of: str, to: str) -> Callable[[Numbers], float]:
    """Return what one number is in terms of another."""
    return lambda numbers: numbers[of] / numbers[to]


def number(name: str) -> Callable[[Numbers], float]:
    """Return a number as it is."""
    return lambda numbers: numbers[name]


def measured(once: Callable[[], Numbers], rounds: int) -> list[Numbers]:
    """Measure everything some rounds long."""
    found = []
    for count in range(1, rounds + 1):
        print(f"round {count} of {rounds}", file=sys.stderr, flush=True)
        found.append(once())
    return found


def print_table(figures: Sequence[Figure], rounds: Sequence[Numbers], yardsticks: Mapping[str, str]) -> None:
    """Print the median of each figure beside its target.

    Args:
        yardsticks: What the figures are expressed in: names of seconds, by how they are called below the table.
    """
    width = max(len(figure.name) for figure in figures)
    print(f"{'':{width}}  {'target':>8}  {'measured':>8}  {'from':>8}  {'to':>8}")
    for figure in figures:
        values = sorted(figure.of(numbers) for numbers in rounds)
        columns = (_shown(figure, value) for value in (figure.target, median(values), values[0], values[-1]))
        print(
            f"{figure.name:{width}}  {'  '.join(columns)}  {figure.unit}  {_verdict(figure, values)}".rstrip()
        )
    milliseconds = {name: 1000 * median(n[of] for n in rounds) for name, of in yardsticks.items()}
    told = ", ".join(f"{name} is {value:.1f} ms" for name, value in milliseconds.items())
    print(f"medians of {len(rounds)} rounds; {told}")


def _shown(figure: Figure, value: float | None) -> str:
    return f"{'-':>8}" if value is None else f"{value:8.{figure.digits}f}"


def _verdict(figure: Figure, values: Sequence[float]) -> str:
    if figure.target is None:
        return ""
    return "ok" if median(values) <= figure.target else "over"


def rounds_asked_for(module: str, doc: str | None) -> int:
    """Return how often everything is to be measured, as the command line of a module says."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=doc)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often everything is measured")
    rounds: int = parser.parse_args().rounds
    return rounds
