"""Flows of any shape, and what the table of wiring makes of them, worked out here without reflow."""

from __future__ import annotations

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


class Expected:
    """What becomes of each task, worked out one after the other.

    Attributes:
        outcomes: For each task a word, when it has no instances, else a word or ``(value,)`` for each of them.
        done, failed: What is noted of calls that go well, and of others.
    """

    def __init__(self, tasks, ways, any_flow, *, broken):
        self.outcomes, self.done, self.failed = [], set(), set()
        self._any_flow, self._broken = any_flow, broken
        for number, ((array, returns, takes), joined) in enumerate(zip(tasks, ways, strict=True)):
            inputs = [
                (self.outcomes[source], way, tasks[source][0])
                for (source, _, _), way in zip(takes, joined, strict=True)
            ]
            self.outcomes.append(self._instances(number, array, returns, inputs))

    def _instances(self, number, array, returns, inputs):
        for found, way, _ in inputs:
            if isinstance(found, str) or (way != "chain" and any(isinstance(one, str) for one in found)):
                return SKIPPED if array else [SKIPPED]
        given = [(way in GIVES_WIDTH, _given(found, way, of)) for found, way, of in inputs]
        widths = {len(values) for each, values in given if each}
        if len(widths) > 1:
            return FAILED
        return [
            self._called(number, returns, tuple(values[i] if each else values for each, values in given))
            for i in range(widths.pop() if widths else 1)
        ]

    def _called(self, number, returns, values):
        if any(one == SKIPPED for one in values):
            return SKIPPED
        call = self._any_flow.call(number, values)
        try:
            value = self._any_flow.compute(number, returns, values, broken=self._broken)
        except ValueError:
            self.failed.add(call)
            return FAILED
        self.done.add(call)
        return (value,)

    @property
    def states(self):
        """How many instances of each task went well, failed and were skipped."""
        return {f"t{number}": _counted(found) for number, found in enumerate(self.outcomes)}

    @property
    def values(self):
        """What was returned, by task and index."""
        return {
            f"t{number}": {i: one[0] for i, one in enumerate(found) if not isinstance(one, str)}
            for number, found in enumerate(self.outcomes)
            if not isinstance(found, str)
        }


def _given(found, way, from_array):
    """Return what an instance is given, or all elements where there is one for each."""
    values = [SKIPPED if isinstance(one, str) else one[0] for one in found]
    if way in ("flat", "flat each"):
        return [item for value in values for item in value]
    return values if from_array else values[0]


def _counted(found):
    if isinstance(found, str):
        return found
    words = [one if isinstance(one, str) else "done" for one in found]
    return {word: words.count(word) for word in (FAILED, SKIPPED, "done") if word in words}


def states_of(seen):
    return {name: _told(task) for name, task in seen.run.status(as_dict=True)["tasks"].items()}


def _told(task):
    if task["total"] is None:
        return task["state"]
    counts = {word: task["counts"][word] for word in (FAILED, SKIPPED) if word in task["counts"]}
    done = task["total"] - sum(counts.values())
    return {**counts, "done": done} if done else counts


def values_of(seen, expected):
    return {task: seen.results(task) for task in expected.values}


def check_shapes(described, lab, any_flow):
    """Check that flows come to what the table says: at first, when they are retried, and when all is reused."""
    flows = [_made(tasks, any_flow, f"any{number}") for number, (tasks, _) in enumerate(described)]
    broken, mended = (
        [Expected(tasks, ways, any_flow, broken=is_broken) for tasks, ways in described]
        for is_broken in (True, False)
    )

    runs = lab.submit_all(flows)
    before = [seen.calls for seen in runs]
    for seen, expected in zip(runs, broken, strict=True):
        assert states_of(seen) == expected.states
        assert values_of(seen, expected) == expected.values
        assert set(seen.calls) == expected.done | expected.failed
        assert len([call for call in seen.calls if call in expected.done]) == len(expected.done)

    for seen in runs:
        (seen.run_dir / "mended").touch()
    lab.retry_all(runs)
    for seen, calls, earlier, expected in zip(runs, before, broken, mended, strict=True):
        assert states_of(seen) == expected.states
        assert values_of(seen, expected) == expected.values
        assert sorted(seen.calls) == sorted([*calls, *(expected.done - earlier.done)])

    for again, expected in zip(lab.submit_all(flows), mended, strict=True):
        assert states_of(again) == expected.states
        assert again.calls == []


def _made(tasks, any_flow, name):
    described = [any_flow.Task(a, r, tuple(any_flow.Take(*take) for take in takes)) for a, r, takes in tasks]
    return any_flow.make(described, name)
