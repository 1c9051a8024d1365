"""A flow of any shape comes to what the table of wiring says, worked out here without reflow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FAILED, SKIPPED = "failed", "skipped"

# (array, returns) of the upstream, array of the downstream: what that may want, and how it is joined
ROWS = {
    (False, "int", False): [("int", False, "direct")],
    (False, "list", False): [("list", False, "direct")],
    (False, "list", True): [("int", False, "fan-out"), ("list", False, "broadcast")],
    (False, "int", True): [("int", False, "broadcast")],
    (True, "int", False): [("list", False, "gather")],
    (True, "list", False): [("list", False, "flat"), ("lists", False, "gather")],
    (True, "int", True): [("int", False, "chain"), ("list", True, "gather")],
    (True, "list", True): [("list", False, "chain"), ("int", False, "flat each"), ("lists", True, "gather")],
}
GIVES_WIDTH = {"fan-out", "chain", "flat each"}


@st.composite
def descriptions(draw):
    """Draw tasks, and for each parameter how it is joined."""
    tasks, ways = [], []
    for number in range(draw(st.integers(2, 7))):
        array = draw(st.booleans()) and number > 0
        takes, joined = [], []
        for _ in range(draw(st.integers(1 if array else 0, 3)) if number else 0):
            source = draw(st.integers(0, number - 1))
            wants, broadcast, way = draw(st.sampled_from(ROWS[tasks[source][0], tasks[source][1], array]))
            takes.append((source, wants, broadcast))
            joined.append(way)
        if array and not GIVES_WIDTH.intersection(joined):
            array, takes, joined = False, [], []
        tasks.append((array, draw(st.sampled_from(["int", "list", "list"])), tuple(takes)))
        ways.append(joined)
    return tasks, ways


def worked_out(tasks, ways, compute):
    """Return what becomes of each task: a word when it has no instances, else a word or a value for each."""
    outcomes = []
    for number, ((array, returns, takes), joined) in enumerate(zip(tasks, ways, strict=True)):
        upstream = [outcomes[source] for source, _, _ in takes]
        outcomes.append(
            _instances(number, array, returns, upstream, joined, [tasks[s] for s, _, _ in takes], compute)
        )
    return outcomes


def _instances(number, array, returns, upstream, joined, sources, compute):
    for found, way in zip(upstream, joined, strict=True):
        if isinstance(found, str) or (way != "chain" and any(isinstance(one, str) for one in found)):
            return SKIPPED if array else [SKIPPED]
    given = [
        _given(found, way, source[0]) for found, way, source in zip(upstream, joined, sources, strict=True)
    ]
    widths = {len(values) for values, way in zip(given, joined, strict=True) if way in GIVES_WIDTH}
    if len(widths) > 1:
        return FAILED
    width = widths.pop() if widths else 1
    found = []
    for i in range(width):
        values = [each[i] if way in GIVES_WIDTH else each for each, way in zip(given, joined, strict=True)]
        found.append(_called(number, returns, values, compute))
    return found


def _given(found, way, from_array):
    if way in ("flat", "flat each"):
        return [item for one in found for item in one]
    return found if from_array else found[0]


def _called(number, returns, values, compute):
    if SKIPPED in values or FAILED in values:
        return SKIPPED
    try:
        return compute(number, returns, *values)
    except ValueError:
        return FAILED


def as_states(outcomes):
    told = {}
    for number, found in enumerate(outcomes):
        if isinstance(found, str):
            told[f"t{number}"] = (found, None, {})
            continue
        words = [one if isinstance(one, str) else "done" for one in found]
        counts = {word: words.count(word) for word in sorted(set(words))}
        told[f"t{number}"] = (None, len(found), counts)
    return told


def as_seen(seen):
    told = {}
    for name, task in seen.run.status(as_dict=True)["tasks"].items():
        if task["total"] is None:
            told[name] = (task["state"], None, {})
            continue
        counts = {word: n for word, n in task["counts"].items() if word in (FAILED, SKIPPED)}
        done = task["total"] - sum(counts.values())
        told[name] = (
            None,
            task["total"],
            dict(sorted({**counts, **({"done": done} if done else {})}.items())),
        )
    return told


@pytest.fixture
def any_flow(flows):
    return flows("any_flow")


@settings(max_examples=12)
@given(description=descriptions())
def test_a_flow_of_any_shape_comes_to_what_the_table_says_and_is_reused(
    description, any_flow, tmp_path_factory, labs
):
    tasks, ways = description
    wf = any_flow.make(
        [any_flow.Task(a, r, tuple(any_flow.Take(*take) for take in takes)) for a, r, takes in tasks]
    )
    expected = worked_out(tasks, ways, any_flow.compute)
    lab = labs(tmp_path_factory.mktemp("any"), "inline")

    for attempt in range(2):
        seen = lab.submit(wf)

        assert as_seen(seen) == as_states(expected)
        for number, found in enumerate(expected):
            if not isinstance(found, str):
                values = {i: one for i, one in enumerate(found) if not isinstance(one, str)}
                assert seen.results(f"t{number}") == values
        if attempt:
            failed = {number for number, found in enumerate(expected) if FAILED in found and found != FAILED}
            assert {int(call.split()[0][1:]) for call in seen.calls} == failed
        assert len(set(seen.calls)) == len(seen.calls) or any(FAILED in found for found in expected)
