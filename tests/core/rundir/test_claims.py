"""An element has one holder."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reflow.rundir.elements import claim


def test_one_of_many_wins(sub):
    with ThreadPoolExecutor(8) as pool:
        starts = list(pool.map(lambda number: claim(sub, 5, f"job:{number}"), range(32)))

    assert sorted(start for start in starts if start is not None) == [0]
    assert Path(sub.claims, "5").read_text() == f"job:{starts.index(0)}"


def test_requeue_of_the_same_job_takes_over_its_own_claim(sub):
    assert [claim(sub, 0, "job:1") for _ in range(3)] == [0, 1, 2]


def test_copies_of_one_job_never_share_a_start_number(sub):
    with ThreadPoolExecutor(8) as pool:
        starts = list(pool.map(lambda _: claim(sub, 0, "job:1"), range(16)))

    assert sorted(starts) == list(range(16))


def test_loser_leaves_no_trace(sub):
    claim(sub, 0, "job:1")

    assert claim(sub, 0, "job:2") is None
    assert os.listdir(sub.claims) == ["0"]
