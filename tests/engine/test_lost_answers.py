"""Whatever becomes of the answers of a scheduler, each submission is made once."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import engine_flow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_run import MemorySite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

_numbers = itertools.count()
_ANSWERS = st.lists(
    st.sampled_from(["", "", "lost", "adrift", "dropped", "twice", "late", "busy", "full"]),
    min_size=1,
    max_size=25,
)
_LOOKS = st.lists(st.sampled_from([1.0, 12.0, 70.0, 700.0]), max_size=5)


@pytest.fixture(scope="module")
def in_memory() -> Iterator[Path]:
    """A directory whose files need not reach a disk."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="reflow-lost-", dir=memory) as place:
        yield Path(place)


@settings(max_examples=200)
@given(answers=_ANSWERS, looks=_LOOKS, slots=st.sampled_from([1, 8]))
def test_what_was_accepted_is_never_submitted_again_and_nothing_is_done_twice(
    answers, looks, slots, in_memory
):
    engine_flow.CALLS.clear()
    folder = in_memory / f"run{next(_numbers)}"
    site = MemorySite(str(folder), slots)
    with site.clock() as cluster:
        cluster.answers.extend(answers)
        run = site.submit(engine_flow.FLOWS["flow_1_0"], folder)
        for seconds in looks:
            cluster.run_for(seconds)
            run.status(as_dict=True)
        site.come_to_an_end()

    used = answers[: len(answers) - len(cluster.answers)]
    accepted = Counter(job[0].request.token for job in cluster.jobs.values())
    assert run.state == "succeeded"
    assert run.result("total") == int(engine_flow.EXPECTED["total"][0])
    assert sum(accepted.values()) - len(accepted) == used.count("twice")
    assert set(engine_flow.CALLS) == {
        ("source", 0),
        ("side", 0),
        ("total", 5),
        *(("work", n) for n in engine_flow.ITEMS),
        *(("then", n + 10) for n in engine_flow.ITEMS),
    }
    assert len(engine_flow.CALLS) == len(set(engine_flow.CALLS))
