"""Workers that share the instances of an element take each of them once."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from reflow.worker.positions import are_left, offer

COUNT = 50_000
TAKER = "from reflow.worker.positions import INHERITED, taken; input(); print(*taken(INHERITED))"


def started(positions):
    return subprocess.Popen(
        [sys.executable, "-c", f"import os; os.dup2({positions}, 3)\n{TAKER}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[positions],
        text=True,
    )


def test_each_is_taken_once_however_many_take_at_once():
    positions = offer(range(COUNT))
    takers = [started(positions) for _ in range(4)]
    time.sleep(0.5)  # until all are ready to take
    for taker in takers:
        taker.stdin.write("\n")
        taker.stdin.flush()
    took = [int(number) for taker in takers for number in taker.communicate(timeout=60)[0].split()]
    left = are_left(positions)
    os.close(positions)

    assert not left
    assert sorted(took) == list(range(COUNT))
