"""What there is to decide on is known after each decision, without a look at all the other tasks."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from reflow.graph.model import Graph, Node
from reflow.model.records import TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow.plan.expand import is_over
from reflow.plan.frontier import Frontier

PENDING, REUSED = {InstanceState.PENDING: 1}, {InstanceState.REUSED: 1}


def graph_of(upstream):
    names = [f"t{number}" for number in range(len(upstream))]
    tasks = {
        name: Node(name, name, array=False, returns="int", after=tuple(names[up] for up in sorted(before)))
        for name, before in zip(names, upstream, strict=True)
    }
    return Graph("w", {}, tasks)


def upstream_of(graph):
    return {name: graph.upstream(name) for name in graph.tasks}


def waiting(graph):
    return {name: TaskRow(name) for name in graph.tasks}


def expanded(name):
    return TaskRow(name, TaskState.EXPANDED, 1)


def test_a_task_is_ready_when_everything_upstream_is_over():
    graph = graph_of([set(), {0}])

    before = Frontier(upstream_of(graph), {"t0": expanded("t0"), "t1": TaskRow("t1")}, {"t0": PENDING})
    after = Frontier(upstream_of(graph), {"t0": expanded("t0"), "t1": TaskRow("t1")}, {"t0": REUSED})

    assert (before.ready(), before.pending()) == ([], ["t0"])
    assert (after.ready(), after.pending()) == (["t1"], [])


def test_what_is_told_twice_to_be_over_opens_no_task_too_early():
    graph = graph_of([set(), set(), {0, 1}])
    frontier = Frontier(upstream_of(graph), waiting(graph), {})

    for _ in range(2):
        frontier.move(expanded("t0"), REUSED)

    assert frontier.ready() == ["t1"]


@given(st.lists(st.integers(0, 63), min_size=1, max_size=6), st.integers(0, 2**32))
def test_moving_from_decision_to_decision_comes_to_what_a_look_at_all_tasks_does(masks, seed):
    random = Random(seed)
    graph = graph_of([{up for up in range(n) if mask >> up & 1} for n, mask in enumerate(masks)])
    tasks, counts = waiting(graph), {}
    frontier = Frontier(upstream_of(graph), tasks, counts)

    while names := [*frontier.ready(), *frontier.pending()]:
        name = random.choice(names)
        tasks[name] = expanded(name)
        counts[name] = random.choice([PENDING, REUSED])
        frontier.move(tasks[name], counts[name])

        over = {n for n, row in tasks.items() if is_over(row, counts.get(n, {}))}
        ready = [n for n in tasks if n not in counts and over.issuperset(graph.upstream(n))]
        assert frontier.ready() == ready
        assert frontier.pending() == [n for n in tasks if counts.get(n) is PENDING]
    assert len(counts) == len(tasks)
