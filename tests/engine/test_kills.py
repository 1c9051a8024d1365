"""A coordinator can be killed before and after each commit and each call of the scheduler: others go on."""

from __future__ import annotations

from collections import Counter

import engine_flow
import pytest
from engine_machine import EngineMachine

from reflow.contracts.executor import Limits
from reflow.model.states import RunState
from reflow.run.settle import settle

FLOWS = [
    ("flow_1_0", Limits(), None, 1),
    ("flow_2_0", Limits(elements_per_request=1), None, 1),
    ("flow_1_0", Limits(), 2, 7),  # which takes many more calls
]


class Disturbed(EngineMachine):
    """A run whose first processes are killed: ``points`` says after how many commits and calls of each."""

    def __init__(self, flow: str, limits: Limits, *points: int, takes: int | None = None) -> None:
        super().__init__()
        self._takes = takes
        self._points = [*points]
        self.submit(flow=flow, slots=20, limits=limits)

    def hand_over_first(self) -> None:
        self.cluster.takes = self._takes
        self.cluster.kill_after = self._points.pop(0)
        super().hand_over_first()

    @property
    def came(self) -> bool:
        """Whether all of the kills came."""
        return not self._points and self.cluster.kill_after is None

    def go_on(self) -> None:
        """Let a day pass, and look once where nobody else is left to."""
        for _ in range(6):
            if self._points and self.cluster.kill_after is None:
                self.cluster.kill_after = self._points.pop(0)
            if self.is_alone:
                self.is_alone = False
                self.command(lambda: settle(self.opened()))
            self.cluster.run_for(4 * 3600.0)
            self.check()


def verify(run: Disturbed) -> None:
    """All is done, nothing was recorded twice, and what was recorded did not run again."""
    assert run.ledger.overview().state is RunState.SUCCEEDED
    assert not run.cluster.active
    values = {task: [v.value.replace(" ", "") for v in run.ledger.values(task)] for task in ("total", "side")}
    assert values == {"total": engine_flow.EXPECTED["total"], "side": engine_flow.EXPECTED["side"]}
    calls = Counter(engine_flow.CALLS)
    assert max(calls.values()) == 1, calls


@pytest.mark.parametrize(("flow", "limits", "takes", "step"), FLOWS, ids=["wide", "packs", "parts"])
def test_a_kill_at_any_point_loses_and_repeats_nothing(flow, limits, takes, step):
    point, came = 0, True
    while came:
        run = Disturbed(flow, limits, point, takes=takes)
        try:
            run.go_on()
            came = run.came
            verify(run)
        finally:
            run.teardown()
        point += step
    assert point > 60


@pytest.mark.parametrize("first", range(0, 60, 4))
def test_a_second_kill_of_who_goes_on_loses_and_repeats_nothing(first):
    second, came = 0, True
    while came:
        run = Disturbed("flow_1_0", Limits(), first, second)
        try:
            run.go_on()
            came = run.came
            verify(run)
        finally:
            run.teardown()
        second += 3
