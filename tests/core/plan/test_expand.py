"""The width and the instances of a task, from what its upstream tasks came to."""

import pytest

from reflow.graph.model import Input, Node, Source
from reflow.model.records import TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow.plan.expand import Finished, expand, is_over
from reflow.values.digests import digest, digest_many

PENDING, SKIPPED = InstanceState.PENDING, InstanceState.SKIPPED


def d(value):
    return digest("value", value)


def done(*outputs, items=None):
    return Finished(TaskState.EXPANDED, list(outputs), items or {})


def node(name="t", *inputs, array=False, after=()):
    return Node(name=name, key=f"demo.{name}", array=array, returns="str", inputs=inputs, after=after)


def take(name, mode, deliver, *sources):
    return Input(
        name, "result", "str", mode=mode, deliver=deliver, sources=tuple(Source(*s) for s in sources)
    )


def states(expansion):
    return [row.state for row in expansion.rows]


FAN_OUT = take("x", "fan-out", "each", ("up", "items"))
CHAIN = take("x", "chain", "each", ("up", "elements"))
GATHER = take("x", "gather", "list", ("up", "elements"))
DIRECT = take("x", "direct", "value", ("up", "value"))
AB = {0: d("a") + d("b")}


def test_fan_out_has_one_instance_per_item():
    found = expand(node("t", FAN_OUT, array=True), {"up": done(d("ab"), items=AB)}, {})

    assert (found.task.total, states(found)) == (2, [PENDING, PENDING])
    assert [row.parts for row in found.rows] == [d("a"), d("b")]


def test_one_changed_item_changes_one_identity():
    one = expand(node("t", FAN_OUT, array=True), {"up": done(d("1"), items=AB)}, {})
    other = expand(node("t", FAN_OUT, array=True), {"up": done(d("2"), items={0: d("a") + d("c")})}, {})

    assert [a.identity == b.identity for a, b in zip(one.rows, other.rows, strict=True)] == [True, False]


def test_width_zero_is_expanded_to_nothing():
    found = expand(node("t", FAN_OUT, array=True), {"up": done(d("[]"), items={0: b""})}, {})

    assert (found.task.state, found.task.total, list(found.rows)) == (TaskState.EXPANDED, 0, [])


def test_gather_of_nothing_is_one_instance_known_by_the_empty_list():
    found = expand(node("t", GATHER), {"up": done()}, {})
    direct = expand(node("t", DIRECT), {"up": done(digest_many("list", []))}, {})

    assert found.rows[0].identity == direct.rows[0].identity


def test_a_gather_is_known_by_its_elements_in_order():
    one = expand(node("t", GATHER), {"up": done(d("a"), d("b"))}, {})
    other = expand(node("t", GATHER), {"up": done(d("b"), d("a"))}, {})

    assert one.rows[0].identity != other.rows[0].identity


def test_chain_element_is_skipped_when_its_own_upstream_element_has_no_output():
    found = expand(node("t", CHAIN, array=True), {"up": done(d("a"), None, d("c"))}, {})

    assert states(found) == [PENDING, SKIPPED, PENDING]


@pytest.mark.parametrize("entry", [GATHER, take("x", "flatten-fan-out", "each", ("up", "flat"))])
def test_one_missing_output_skips_a_whole_task_that_needs_all(entry):
    found = expand(node("t", entry, array=entry.deliver == "each"), {"up": done(d("a"), None)}, {})

    assert (found.task.state, list(found.rows)) == (TaskState.SKIPPED, [])
    assert "up" in (found.task.reason or "")


def test_after_is_a_barrier_and_part_of_identity():
    plain = expand(node("t"), {}, {})
    behind = expand(node("t", after=("up",)), {"up": done(d("a"))}, {})
    other = expand(node("t", after=("up",)), {"up": done(d("b"))}, {})

    assert len({plain.rows[0].identity, behind.rows[0].identity, other.rows[0].identity}) == 3
    assert expand(node("t", after=("up",)), {"up": done(None)}, {}).task.state is TaskState.SKIPPED


def test_unequal_lists_fail_the_task_with_both_lengths():
    zipped = node("t", FAN_OUT, take("y", "fan-out", "each", ("two", "items")), array=True)
    found = expand(zipped, {"up": done(d("1"), items=AB), "two": done(d("2"), items={0: d("z")})}, {})

    assert found.task.state is TaskState.FAILED
    assert "x has 2" in (found.task.reason or "")
    assert "y has 1" in (found.task.reason or "")


def test_several_steps_contribute_in_their_order():
    many = take("x", "fan-out", "each", ("arr", "elements"), ("up", "items"), ("one", "value"))
    found = expand(
        node("t", many, array=True),
        {"arr": done(d(1), d(2)), "up": done(d("l"), items=AB), "one": done(d(9))},
        {},
    )

    assert [row.parts for row in found.rows] == [d(1), d(2), d("a"), d("b"), d(9)]


@pytest.mark.parametrize(
    ("row", "counts", "over"),
    [
        (TaskRow("t"), {}, False),
        (TaskRow("t", TaskState.EXPANDED, 0), {}, True),
        (
            TaskRow("t", TaskState.EXPANDED, 2),
            {InstanceState.SUCCEEDED: 1, InstanceState.SUBMITTED: 1},
            False,
        ),
        (TaskRow("t", TaskState.EXPANDED, 2), {InstanceState.REUSED: 1, InstanceState.FAILED: 1}, True),
        (TaskRow("t", TaskState.WAITING, 2), {InstanceState.FAILED: 2}, False),
        (TaskRow("t", TaskState.SKIPPED), {}, True),
    ],
)
def test_a_task_is_over_when_nothing_of_it_can_change(row, counts, over):
    assert is_over(row, counts) is over
