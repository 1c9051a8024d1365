"""What runs, what is reused, and what waits for another of the same identity."""

import pytest

from reflow.graph.model import Graph, Node
from reflow.model.records import FoundResult, InstanceRow, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.plan.decide import decide, run_state
from reflow.plan.makers import work_code
from reflow.values.digests import digest

SOURCE = digest("source", "def t(): ...")
NODE = Node(name="t", key="demo.t", array=True, returns="str", file="flow.py", source=SOURCE.hex())
GRAPH = Graph("demo", {}, {"t": NODE})


def identity(number):
    return digest("value", number)


def pending(index, number=None, fresh=False):
    known_by = identity(index if number is None else number)
    return InstanceRow("t", index, InstanceState.PENDING, known_by, fresh=fresh)


def result(number, **change):
    made = FoundResult(identity(number), b"o" * 32, None, False, "run-1", 0, 0, b"", SOURCE, "flow.py")
    return {made.identity: made._replace(**change)}


def told(rows, found=(), underway=(), graph=GRAPH, holds=lambda r: True, done=()):
    code = work_code(graph.tasks["t"])
    decision = decide(graph, {"t": rows}, {"t": dict(found)}, {code: underway}, holds, {code: dict(done)})
    return (
        [row.index for row in decision.reused],
        [row.index for row in decision.run.get("t", ())],
        [row.index for row in decision.waiting],
    )


def test_what_has_a_result_is_reused_and_the_rest_runs():
    assert told([pending(0), pending(1)], result(0)) == ([0], [1], [])


def test_of_equal_identities_one_runs_and_the_others_wait():
    assert told([pending(0, 7), pending(1, 7), pending(2)]) == ([], [0, 2], [1])


def test_what_is_being_worked_on_elsewhere_in_the_run_is_waited_for():
    assert told([pending(0)], underway={identity(0)}) == ([], [], [0])


@pytest.mark.parametrize(
    ("codes", "runs"),
    [(("aa", "aa"), ["t"]), (("aa", "bb"), ["t", "u"]), (("aa", ""), ["t", "u"]), (("", ""), ["t", "u"])],
)
def test_tasks_of_one_name_share_their_work_where_they_have_the_same_code(codes, runs):
    both = {name: NODE._replace(name=name, code_hash=code) for name, code in zip("tu", codes, strict=True)}
    rows = {name: [pending(0, 7)._replace(task=name)] for name in both}

    decision = decide(Graph("demo", {}, both), rows, {}, {}, lambda r: True)

    assert [*decision.run] == runs


def test_what_other_code_is_working_on_is_not_waited_for():
    decision = decide(GRAPH, {"t": [pending(0)]}, {}, {"other": {identity(0)}}, lambda r: True)

    assert [*decision.run] == ["t"]


def test_without_cache_everything_runs_however_equal():
    graph = Graph("demo", {}, {"t": NODE._replace(cache=False)})

    assert told([pending(0, 7), pending(1, 7)], result(7), graph=graph) == ([], [0, 1], [])
    assert told([pending(0, 7)], underway={identity(7)}, graph=graph) == ([], [0], [])


def test_forced_equals_take_what_one_of_them_has_made_in_this_run():
    rows = [pending(1, 7, fresh=True), pending(2, 7, fresh=True)]

    assert told(rows, result(7), done={identity(7): {b"o" * 32}}) == ([1, 2], [], [])


def test_force_takes_no_other_result_than_that_of_this_run():
    rows = [pending(1, 7, fresh=True), pending(2, 7, fresh=True)]

    assert told(rows, result(7), done={identity(7): {b"p" * 32}}) == ([], [1, 2], [])


def test_equals_run_at_once_when_what_was_made_cannot_be_had():
    rows = [pending(1, 7), pending(2, 7), pending(3, 8)]

    assert told(rows, done={identity(7): {b"o" * 32}}) == ([], [1, 2, 3], [])


def test_force_runs_what_has_a_result():
    assert told([pending(0, fresh=True)], result(0)) == ([], [0], [])


def test_a_result_whose_files_changed_is_not_reused():
    assert told([pending(0)], result(0), holds=lambda r: False) == ([], [0], [])


@pytest.mark.parametrize(
    ("change", "reused"),
    [
        ({"file": "other.py"}, True),
        ({"source": b"s" * 32}, True),
        ({"file": "other.py", "source": b"s" * 32}, False),
    ],
)
def test_a_task_of_the_same_name_in_another_script_is_not_reused(change, reused):
    assert told([pending(0)], result(0, **change))[0] == ([0] if reused else [])


@pytest.mark.parametrize(
    ("rule", "now", "then", "told_of"),
    [
        ("", "aa", b"\xbb", {"t": {b"\xbb": 1}}),
        ("warn", "aa", b"\xbb", {"t": {b"\xbb": 1}}),
        ("warn", "aa", b"\xaa", {}),
        ("warn", "", b"\xbb", {"t": {b"\xbb": 1}}),  # its function is not in its file any more
        ("warn", "aa", b"", {}),
        ("version", "aa", b"\xbb", {}),
        ("auto", "aa", b"\xbb", {}),
    ],
)
def test_results_of_other_code_are_reused_and_counted_where_that_is_to_be_told(rule, now, then, told_of):
    graph = Graph("demo", {}, {"t": NODE._replace(code=rule, code_hash=now)})

    decision = decide(graph, {"t": [pending(0), pending(1)]}, {"t": result(0, code=then)}, {}, lambda r: True)

    assert [row.index for row in decision.reused] == [0]
    assert decision.other_code == told_of


@pytest.mark.parametrize(
    ("tasks", "counts", "state"),
    [
        ({"t": TaskRow("t")}, {}, RunState.RUNNING),
        ({"t": TaskRow("t", TaskState.EXPANDED, 0)}, {}, RunState.SUCCEEDED),
        ({"t": TaskRow("t", TaskState.EXPANDED, 1)}, {"t": {InstanceState.FAILED: 1}}, RunState.FAILED),
        ({"t": TaskRow("t", TaskState.FAILED)}, {}, RunState.FAILED),
        ({"t": TaskRow("t", TaskState.EXPANDED, 1)}, {"t": {InstanceState.CANCELLED: 1}}, RunState.CANCELLED),
        ({"t": TaskRow("t", TaskState.EXPANDED, 1)}, {"t": {InstanceState.SUBMITTED: 1}}, RunState.RUNNING),
    ],
)
def test_a_run_is_over_when_all_its_tasks_are(tasks, counts, state):
    assert run_state(tasks, counts) is state
