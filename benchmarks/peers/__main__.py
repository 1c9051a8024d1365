"""``python -m benchmarks.peers``: what the same fan-out takes with others, each in a venv of its own."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.measure import WORKERS
from benchmarks.processes import run
from benchmarks.venvs import new_venv, venv_with_reflow

HERE = Path(__file__).resolve().parent
WIDTHS = (100, 1000)
ROUNDS = 3


class Peer(NamedTuple):
    """Somebody who records what was done.

    Attributes:
        argv: The words after the interpreter; ``WIDTH`` stands for the number of instances.
    """

    name: str
    python: Path
    argv: tuple[str, ...]


def main() -> int:
    rounds = _options().rounds
    reflow, *others = _peers()
    print(f"{'':12}{'n':>6}{'seconds':>10}{'Pool1':>8}")
    for width in WIDTHS:
        for peer in (reflow, *others):
            seconds, ratio = _measured(peer, width, rounds, reflow.python)
            print(f"{peer.name:12}{width:>6}{seconds:>10.2f}{ratio:>8.1f}", flush=True)
    return 0


def _measured(peer: Peer, width: int, rounds: int, python: Path) -> tuple[float, float]:
    """Return the medians of seconds, and of the ratio to Pool1 in the same round."""
    found = []
    for number in range(1, rounds + 1):
        print(f"{peer.name}, n={width}: {number} of {rounds}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="reflow-bench-") as home:
            pool = run([str(python), str(HERE.parent / "pool.py"), str(width)], home).seconds
            os.mkdir(os.path.join(home, "peer"))
            words = [str(width) if word == "WIDTH" else word for word in peer.argv]
            found.append((run([str(peer.python), *words], os.path.join(home, "peer")).seconds, pool))
    return median(seconds for seconds, _ in found), median(seconds / pool for seconds, pool in found)


def _peers() -> list[Peer]:
    own = str(HERE.parent / "flows" / "fan_out.py")
    submit = (
        "submit",
        "-q",
        "--executor",
        "local",
        "--workers",
        WORKERS,
        "--run-dir",
        "runs",
        "--n",
        "WIDTH",
    )
    others = [
        Peer(
            name, new_venv(name, [name]), (str(HERE / "flows" / f"{name.replace('-', '_')}_flow.py"), "WIDTH")
        )
        for name in ("reflow-hpc", "redun", "luigi")
    ]
    return [Peer("reflow", venv_with_reflow(), (own, *submit)), *others]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is measured")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
