"""The last element out is told, and nobody else is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from reflow.rundir.elements import mark_done, read_done


@pytest.mark.parametrize("count", [1, 2, 128, 129, 300])
def test_last_one_out_gets_the_sums_in_any_order(sub, count):
    order = list(range(count))
    Random(count).shuffle(order)

    answers = [mark_done(sub, element, {0: element, 1: 1}, count) for element in order]

    assert answers[:-1] == [None] * (count - 1)
    assert answers[-1] == {element: {0: element, 1: 1} for element in range(count)}
    assert read_done(sub) == answers[-1]


def test_one_of_those_that_end_at_the_same_time_is_the_last(sub):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda element: mark_done(sub, element, {0: 1}, 40), range(40)))

    assert len([answer for answer in answers if answer is not None]) == 1


def test_element_that_is_marked_again_is_not_counted_twice(sub):
    mark_done(sub, 0, {0: 1}, 2)

    assert mark_done(sub, 0, {0: 1, 1: 2}, 2) is None
    assert mark_done(sub, 1, {0: 1}, 2) == {0: {0: 1, 1: 2}, 1: {0: 1}}


def test_submission_with_elements_left_is_not_done(sub):
    mark_done(sub, 0, {0: 1}, 2)

    assert read_done(sub) is None
