"""The three closed sets of words for how things stand."""

from __future__ import annotations

from enum import Enum


class JobState(str, Enum):
    """The scheduler's word for one element. ``UNKNOWN`` is an answer; absence never means success."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    NODE_FAIL = "node_fail"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_active(self) -> bool:
        """Whether the element may still do something."""
        return self in (JobState.PENDING, JobState.RUNNING)


class InstanceState(str, Enum):
    """reflow's word for one instance of a task."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REUSED = "reused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_success(self) -> bool:
        """Whether there is an output that downstream may use."""
        return self in KEPT

    @property
    def is_terminal(self) -> bool:
        """Whether nothing but a retry changes it."""
        return self in _TERMINAL


KEPT = frozenset({InstanceState.SUCCEEDED, InstanceState.REUSED})  #: those with an output
_TERMINAL = KEPT | {InstanceState.FAILED, InstanceState.CANCELLED, InstanceState.SKIPPED}


class TaskState(str, Enum):
    """How far a task has come as a whole, as the ledger keeps it."""

    WAITING = "waiting"
    """Its upstream tasks are not done; its width may be unknown."""
    EXPANDED = "expanded"
    """Its instances are rows of the ledger, and their states say the rest."""
    FAILED = "failed"
    """It could not be expanded (zipped lists of unequal length); it has no instances."""
    SKIPPED = "skipped"
    """An upstream did not succeed and its width never became known; it has no instances."""
    CANCELLED = "cancelled"
    """It was cancelled before it was expanded; it has no instances."""


class RunState(str, Enum):
    """How a run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HELD = "held"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)
