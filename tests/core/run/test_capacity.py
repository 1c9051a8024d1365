"""How much is handed over in one pass: what the limits leave room for, and never nothing for ever."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.contracts.executor import Limits
from reflow.model.records import InstanceRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.capacity import Capacity, known_limits
from reflow.run.small_jobs import NET
from reflow.run.tries import Wave

NET_ROW = SubmissionRow("f" * 20, 0, NET, 1, 0, 1, "open", 0)


@pytest.fixture
def taken(tmp_path):
    """Return how many elements each array has, of the tasks of a run that has just a safety net in the queue."""

    def take(limits: Limits, *wanted: int, pack: int = 1, queued=(NET_ROW,)) -> list[list[int]]:
        (tmp_path / "limits.json").write_text(json.dumps(limits))
        run = SimpleNamespace(paths=SimpleNamespace(root=str(tmp_path)), info={"defaults": {}})
        capacity = Capacity(SimpleNamespace(run=run), SimpleNamespace(), queued)
        node = SimpleNamespace(pack=pack, resources=SimpleNamespace(time_s=None))
        found = []
        for count in wanted:
            rows = [InstanceRow("t", index, InstanceState.PENDING, b"") for index in range(count)]
            arrays, later = capacity.take(node, Wave(0, (), rows))
            assert sum(len(array.wave.rows) for array in arrays) + len(later) == count
            found.append([-(-len(array.wave.rows) // pack) for array in arrays])
        return found

    return take


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=8),
    st.integers(1, 60),
    st.integers(8, 400),
    st.integers(1, 7),
)
def test_arrays_and_the_watchdogs_of_their_tasks_stay_within_the_limit(taken, wanted, size, in_all, pack):
    tasks = [task for task in taken(Limits(size, in_all), *wanted, pack=pack) if task]

    assert max(map(max, tasks)) <= size
    assert sum(map(sum, tasks)) + len(tasks) + NET_ROW.count < in_all


def test_without_limits_a_task_is_one_array(taken):
    assert taken(Limits(), 5000, 3) == [[5000], [3]]


@pytest.mark.parametrize("in_all", [1, 4, 5, 6])
def test_limit_that_leaves_no_room_lets_one_element_be_tried_at_a_time(taken, in_all):
    assert taken(Limits(51, in_all), 3, 3) == [[1], []]


def test_nothing_is_tried_beyond_the_limit_while_something_is_underway(taken):
    underway = SubmissionRow("e" * 20, 1, "t", 1, 1, 1, "open", 0)

    assert taken(Limits(51, 4), 3, queued=(NET_ROW, underway)) == [[]]


@pytest.mark.parametrize("left", ["", "{", "null"])
def test_limits_that_a_node_which_died_left_unwritten_are_asked_for_again(tmp_path, left):
    (tmp_path / "limits.json").write_text(left)
    hold = SimpleNamespace(run=SimpleNamespace(paths=SimpleNamespace(root=str(tmp_path))))

    assert known_limits(hold, SimpleNamespace(limits=lambda: Limits(7, 70))) == Limits(7, 70)
    assert json.loads((tmp_path / "limits.json").read_text()) == [7, 70]
