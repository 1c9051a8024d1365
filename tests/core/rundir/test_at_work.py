"""What is at work can be told from the files of a submission alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reflow.rundir.at_work import begun_elements, count_at_work
from reflow.rundir.elements import BUCKET, claim, mark_done
from reflow.rundir.outcomes import Outcome, end_line, part_name, segment_name, shared_start, start_line

START = start_line(7, 1, 1000, 0)
END = end_line(Outcome("e", 7, 1, "succeeded", 1001, value='"' + "x" * 2000 + '"', output=b"\0" * 32), 0)


def write(sub, name, data):
    Path(sub.outcomes, name).write_bytes(data)


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 0),
        (START, 1),
        (START + END, 0),
        (START + END + START, 1),
        (START + END[:60], 1),
        (START[:-3], 0),
    ],
)
def test_a_worker_is_at_work_when_its_last_whole_line_is_a_start(sub, data, count):
    write(sub, part_name(0, 0), data)

    assert count_at_work(sub) == count


def test_what_a_dead_worker_left_does_not_count(sub):
    write(sub, part_name(0, 0), START)
    write(sub, part_name(0, 1), START)
    write(sub, part_name(3, 0), START)
    write(sub, segment_name(3, 1, 0), START + END)

    assert count_at_work(sub) == 1


def test_an_element_that_is_claimed_counts_before_its_first_line(sub):
    os.makedirs(sub.claims, exist_ok=True)
    for element in range(3):
        Path(sub.claims, str(element)).touch()
    write(sub, part_name(0, 0), START)

    assert count_at_work(sub) == 3


def test_an_element_that_is_through_is_not_at_work_though_its_claim_stays(sub):
    for element in range(5):
        claim(sub, element, "job")
    for element in range(3):
        mark_done(sub, element, {0: 1}, 20)

    assert count_at_work(sub) == 2


def test_an_element_that_was_started_again_counts_once(sub):
    claim(sub, 0, "job")
    claim(sub, 0, "job")

    assert count_at_work(sub) == 1


def test_full_buckets_are_not_looked_into(sub):
    width = 2 * BUCKET
    for element in range(BUCKET + 3):
        claim(sub, element, "job")
    for element in range(BUCKET + 1):
        mark_done(sub, element, {0: 1}, width)
    shutil.rmtree(Path(sub.done, "b0"))  # what its sum says is enough

    assert count_at_work(sub) == 2


def test_nothing_is_at_work_once_the_last_one_is_out(sub):
    for element in range(3):
        claim(sub, element, "job")
    for element in range(3):
        mark_done(sub, element, {0: 1}, 3)

    assert count_at_work(sub) == 0


def test_a_submission_that_has_ended_has_nothing_at_work(sub):
    os.rmdir(sub.outcomes)

    assert count_at_work(sub) == 0


def test_an_element_that_waits_to_be_started_again_is_not_at_work_before_it_is(sub):
    for element in range(3):
        claim(sub, element, f"job{element}")
    write(sub, part_name(1, 0), START)
    stopped = begun_elements(sub, {1, 2, 7})

    assert count_at_work(sub, stopped) == 1
    claim(sub, 1, "job1")
    assert count_at_work(sub, stopped) == 2


def test_the_workers_of_an_element_that_was_stopped_are_not_at_work(sub):
    claim(sub, 0, "job")
    for worker in range(3):
        write(sub, part_name(0, shared_start(0, worker)), START)

    assert count_at_work(sub, begun_elements(sub, {0})) == 0
    assert count_at_work(sub) == 3


def test_what_is_through_was_not_stopped(sub):
    claim(sub, 0, "job")
    mark_done(sub, 0, {0: 1}, 2)

    assert begun_elements(sub, {0, 1}) == {}
