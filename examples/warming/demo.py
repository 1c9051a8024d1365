"""What ``make demo`` runs: the workflow, where its picture is, and the workflow again, all of it reused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE / "output"
FLOW = str(HERE / "warming.py")
SUBMIT = ["submit", "--run-dir", str(OUTPUT), "--store", str(OUTPUT / "store.db"), "--executor", "local"]


def main() -> int:
    OUTPUT.mkdir(exist_ok=True)
    print("1. Submit the workflow.\n", flush=True)
    if failed := call(*SUBMIT):
        return failed
    print(f"\nThe picture: {OUTPUT / 'warming.png'}\nThe numbers: {OUTPUT / 'warming.nc'}\n")

    print("2. Submit it again: nothing has changed, so that nothing runs.\n", flush=True)
    if failed := call(*SUBMIT):
        return failed
    counts = count_states()
    total = sum(counts.values())
    if counts != {"reused": total}:
        print(f"\nexpected all {total} instances to be reused, but they are: {counts}")
        return 1
    print(f"\nAll {total} instances were reused. To see more, type:")
    print(f"  {sys.executable} {FLOW} status --run-dir {OUTPUT}")
    return 0


def call(*words: str) -> int:
    return subprocess.run([sys.executable, FLOW, *words], check=False).returncode


def count_states() -> dict[str, int]:
    """Return how many instances of the newest run are in which state."""
    status = subprocess.run(
        [sys.executable, FLOW, "status", "--run-dir", str(OUTPUT), "--json"],
        check=True,
        stdout=subprocess.PIPE,
    )
    counts: dict[str, int] = {}
    for task in json.loads(status.stdout)["tasks"].values():
        for state, number in task["counts"].items():
            counts[state] = counts.get(state, 0) + number
    return {state: number for state, number in counts.items() if number}


if __name__ == "__main__":
    raise SystemExit(main())
