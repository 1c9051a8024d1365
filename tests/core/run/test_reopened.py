"""What a retry opens again: what it names, and what stands or falls with it."""

import pytest

from reflow.graph.model import Graph, Input, Node, Source
from reflow.model.records import InstanceRow, Overview, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.run.requests import reopened
from reflow.rundir.control import Scope

WORDS = {"ok": InstanceState.SUCCEEDED, "failed": InstanceState.FAILED, "skipped": InstanceState.SKIPPED}
WORDS |= {"cancelled": InstanceState.CANCELLED, "submitted": InstanceState.SUBMITTED}


def node(name, mode="", *upstream):
    inputs = tuple(
        Input(up, "result", "str", mode=mode, deliver="each", sources=(Source(up, "elements"),))
        for up in upstream
    )
    return Node(name=name, key=f"w.{name}", array=True, returns="str", inputs=inputs)


GRAPH = Graph(
    "w", {}, {"a": node("a"), "b": node("b", "chain", "a"), "c": node("c", "gather", "b"), "x": node("x")}
)


def opened(states, *scopes):
    """Return what is opened of a run in which each task has instances in these states, or no instances."""
    tasks, rows, counts = {}, {}, {}
    for name in GRAPH.tasks:
        found = states.get(name, ["ok"])
        if isinstance(found, TaskState):
            tasks[name], rows[name] = TaskRow(name, found), []
            continue
        tasks[name] = TaskRow(name, TaskState.EXPANDED, len(found))
        rows[name] = [InstanceRow(name, i, WORDS[word], bytes(32)) for i, word in enumerate(found)]
        counts[name] = {WORDS[word]: found.count(word) for word in found}
    overview = Overview("r", "w", RunState.FAILED, 1, 0, 0, 0, tasks, counts, [], 0, 0)
    changed, again = reopened(GRAPH, overview, scopes or (Scope(),), rows.__getitem__)
    assert all(task.state is TaskState.WAITING for task in changed)
    assert all(row.state is InstanceState.PENDING for row in again)
    return {task.task: [row.index for row in again if row.task == task.task] for task in changed}


def test_a_run_that_succeeded_has_nothing_to_open():
    assert opened({}) == {}


def test_all_that_did_not_succeed_is_opened():
    states = {"a": ["ok", "failed"], "b": ["ok", "skipped"], "c": TaskState.SKIPPED, "x": ["cancelled"]}

    assert opened(states) == {"a": [1], "b": [1], "c": [], "x": [0]}


def test_a_named_task_takes_what_it_skipped_with_it_and_leaves_the_rest():
    states = {"a": ["ok", "failed"], "b": ["ok", "skipped"], "c": TaskState.SKIPPED, "x": ["failed"]}

    assert opened(states, Scope("a")) == {"a": [1], "b": [1], "c": []}


def test_a_skipped_task_takes_what_failed_upstream_with_it():
    states = {"a": ["ok", "failed"], "b": ["ok", "skipped"], "c": TaskState.SKIPPED}

    assert opened(states, Scope("c")) == {"a": [1], "b": [1], "c": []}


def test_one_named_instance_leaves_its_siblings_failed():
    assert opened({"x": ["failed", "failed", "ok"]}, Scope("x", frozenset((1,)))) == {"x": [1]}


@pytest.mark.parametrize(("state", "index"), [("failed", 0), ("cancelled", 1)])
def test_a_state_picks_the_instances_in_it(state, index):
    assert opened({"x": ["failed", "cancelled"]}, Scope("x", None, state)) == {"x": [index]}


def test_what_still_runs_is_left_alone():
    assert opened({"x": ["submitted", "failed"]}) == {"x": [1]}


def test_a_task_that_could_not_be_expanded_is_expanded_afresh():
    assert opened({"b": TaskState.FAILED, "c": TaskState.SKIPPED}) == {"b": [], "c": []}
