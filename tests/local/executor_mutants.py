"""Local executors that break one promise each; `test_contract_bites` runs the contract against every one."""

from __future__ import annotations

import pytest

from reflow.contracts.executor import ElementReport
from reflow.model.resources import Resources
from reflow.model.states import JobState
from reflow.testing.executor_contract import ResidentExecutorContract
from reflow_local import LocalExecutor
from reflow_local.order import Order


class ForgetsTheLast(LocalExecutor):
    """caught by: every_instance_has_one_outcome"""

    def submit(self, request):
        return super().submit(request._replace(instances=request.instances - 1))


class KeepsSegmentsToItself(LocalExecutor):
    """caught by: events_name_every_segment"""

    def pump(self, timeout_s):
        return [event for event in super().pump(timeout_s) if event.kind != "sealed"]


class SaysEverythingTwice(LocalExecutor):
    """caught by: end_of_a_request_is_told_once_and_last"""

    def pump(self, timeout_s):
        return 2 * super().pump(timeout_s)


class FindsAnything(LocalExecutor):
    """caught by: find_knows_what_was_submitted_and_nothing_else"""

    def find(self, tokens):
        return {token: super(FindsAnything, self).find([token]).get(token, token) for token in tokens}


class RemembersEverything(LocalExecutor):
    """caught by: poll_leaves_out_what_was_forgotten"""

    def poll(self, native_ids):
        return {native: {0: ElementReport(JobState.COMPLETED)} for native in native_ids}


class WaitsForNobody(LocalExecutor):
    """caught by: predecessors_end_first"""

    def submit(self, request):
        if request.predecessors:
            self._orders.clear()
        return super().submit(request._replace(predecessors=()))


class WaitsForNoPosition(LocalExecutor):
    """caught by: single_positions_of_others_end_first"""

    def submit(self, request):
        return super().submit(request._replace(elements_ahead=()))


class IgnoresWidth(LocalExecutor):
    """caught by: wide_task_runs_alone"""

    def submit(self, request):
        return super().submit(request._replace(resources=Resources()))


class GivesUp(LocalExecutor):
    """caught by: death_costs_the_current_instance_and_no_other"""

    def restart(self, token, element):
        self.abandon(token, element)


class TriesTheDeadlyAgain(LocalExecutor):
    """caught by: death_costs_the_current_instance_and_no_other"""

    def restart(self, token, element):
        order: Order = self._orders[token]
        order.waiting += order.elements[element].lost
        super().abandon(token, element)


class GoesOnRegardless(LocalExecutor):
    """caught by: cancelled_request_ends_and_starts_nothing_more"""

    def cancel(self, native_ids):
        pass


class UsesMoreElements(LocalExecutor):
    """caught by: no_worker_is_an_element_that_the_request_does_not_have"""

    def submit(self, request):
        return super().submit(request._replace(count=2))


def _test_class(mutant):
    """Return a class with the one promise that the mutant breaks."""
    name = "test_" + mutant.__doc__.removeprefix("caught by: ")

    class Short(ResidentExecutorContract):
        timeout_s = 3.0

        @pytest.fixture
        def executor(self):
            return mutant({"workers": 2})

    for other in [name for name in dir(Short) if name.startswith("test_")]:
        if other != name:
            setattr(Short, other, None)
    return Short


MUTANTS = [
    found
    for found in list(globals().values())
    if isinstance(found, type) and (found.__doc__ or "").startswith("caught by: ")
]
globals().update({f"Test{mutant.__name__}": _test_class(mutant) for mutant in MUTANTS})
