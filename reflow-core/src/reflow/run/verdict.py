"""What became of elements that ended without saying so: why, and whether their instances are tried again."""

from __future__ import annotations

from reflow.contracts.executor import ElementReport
from reflow.model.named_tuple import NamedTuple
from reflow.model.states import InstanceState, JobState


class Verdict(NamedTuple):
    """Why an element ended, as the executor knows it.

    Attributes:
        state: What its current instance becomes when it is not tried again.
        budget: Which budget another try is charged to: ``task`` (the task's ``retries``), ``infra`` or ``preempt``;
            empty when it is never tried again by itself.
        node: The node whose fault it was, to be left out the next time.
        peak_mib: The most memory that its process had held at once; 0 where that is not known.
        is_late: Whether its time was up: that is charged to the task though none of its instances was started.
    """

    reason: str
    state: InstanceState
    budget: str
    node: str = ""
    peak_mib: int = 0
    is_late: bool = False


LIMITS = {"infra": 3, "preempt": 10, "lost": 3}  #: tries that are not the task's fault

_BUDGETS = {
    JobState.FAILED: "task",
    JobState.TIMEOUT: "task",
    JobState.OUT_OF_MEMORY: "task",
    JobState.NODE_FAIL: "infra",
    JobState.PREEMPTED: "preempt",
    JobState.COMPLETED: "task",  # its process ended by itself, inside the function
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


def crashed(reason: str, peak_mib: int = 0) -> Verdict:
    """Return the verdict on a process that was seen to die."""
    return Verdict(reason, InstanceState.FAILED, "task", peak_mib=peak_mib)


def judge(report: ElementReport | None) -> Verdict:
    """Return the verdict on an element that is over; None means that the executor has forgotten it."""
    state = JobState.UNKNOWN if report is None else report.state
    told = f" ({report.reason})" if report is not None and report.reason else ""
    ends = InstanceState.CANCELLED if state is JobState.CANCELLED else InstanceState.FAILED
    node = report.node if report is not None and state is JobState.NODE_FAIL else ""
    return Verdict(f"{_WORDS[state]}{told}", ends, _BUDGETS[state], node, is_late=state is JobState.TIMEOUT)


def out_of_time(reason: str) -> Verdict:
    """Return the verdict on an element that was told that its time limit is near, and ended by itself."""
    return Verdict(reason, InstanceState.FAILED, "task")
