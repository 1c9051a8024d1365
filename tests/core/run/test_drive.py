"""When a driver makes its next pass over a run."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from reflow.contracts.executor import Event
from reflow.inline import InlineExecutor
from reflow.model.states import InstanceState
from reflow.run.drive import GATHER_S, PLENTY, _Driver

SEALED = Event("sealed", "t", 0, 0, ("0.0.0.jsonl",), lines=PLENTY // 2)


class Sealing(InlineExecutor):
    """Workers that seal so much every few milliseconds."""

    def pump(self, timeout_s):
        time.sleep(0.005)
        return [SEALED]


class Gathering(_Driver):
    """A driver of a run with instances in these states, that has just taken something in."""

    def __init__(self, *states):
        overview = SimpleNamespace(counts={"before": {}, "task": dict.fromkeys(states, 1)})
        self._hold = SimpleNamespace(lease=SimpleNamespace(beat=lambda: None), overview=lambda: overview)
        self._executor = Sealing()
        self._gathered = time.monotonic()


def test_what_is_plenty_is_taken_in_at_once():
    driver = Gathering(InstanceState.SUBMITTED, InstanceState.SUCCEEDED)

    assert driver._gather() == [SEALED, SEALED]


def test_while_instances_are_pending_passes_are_no_more_frequent_for_all_that_comes_in():
    driver = Gathering(InstanceState.SUBMITTED, InstanceState.PENDING)
    began = time.monotonic()

    events = driver._gather()

    assert time.monotonic() - began == pytest.approx(GATHER_S, abs=0.1)
    assert len(events) > 2
