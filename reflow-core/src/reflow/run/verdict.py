"""What became of elements that ended without saying so: why, and whether their instances are tried again."""

from __future__ import annotations

from typing import NamedTuple

from reflow.contracts.executor import ElementReport
from reflow.model.states import InstanceState, JobState


class Verdict(NamedTuple):
    """Why an element ended, as the executor knows it.

    Attributes:
        state: What its current instance becomes when it is not tried again.
        budget: Which budget another try is charged to: ``task`` (the task's ``retries``), ``infra`` or ``preempt``;
            empty when it is never tried again by itself.
    """

    reason: str
    state: InstanceState
    budget: str


LIMITS = {"infra": 3, "preempt": 10}  #: tries that are not the task's fault
BACK_OFF_S = (60, 300, 900)  #: before an instance is handed over again after a fault of the machines

_BUDGETS = {
    JobState.FAILED: "task",
    JobState.TIMEOUT: "task",
    JobState.OUT_OF_MEMORY: "task",
    JobState.NODE_FAIL: "infra",
    JobState.PREEMPTED: "preempt",
    JobState.COMPLETED: "infra",
    JobState.UNKNOWN: "infra",
    JobState.CANCELLED: "",
}
_WORDS = {
    JobState.FAILED: "its job failed",
    JobState.TIMEOUT: "its job ran out of time",
    JobState.OUT_OF_MEMORY: "its job ran out of memory",
    JobState.NODE_FAIL: "its node failed",
    JobState.PREEMPTED: "its job was preempted",
    JobState.COMPLETED: "its job ended without saying how",
    JobState.UNKNOWN: "its job vanished",
    JobState.CANCELLED: "its job was cancelled from outside",
}


def crashed(reason: str) -> Verdict:
    """Return the verdict on a process that was seen to die."""
    return Verdict(reason, InstanceState.FAILED, "task")


def judge(report: ElementReport | None) -> Verdict:
    """Return the verdict on an element that is over; None means that the executor has forgotten it."""
    state = JobState.UNKNOWN if report is None else report.state
    told = f" ({report.reason})" if report is not None and report.reason else ""
    ends = InstanceState.CANCELLED if state is JobState.CANCELLED else InstanceState.FAILED
    return Verdict(f"{_WORDS[state]}{told}", ends, _BUDGETS[state])
