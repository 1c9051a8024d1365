"""The executor that a user calls ``slurm``."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from reflow.plugin import (
    ElementReport,
    Executor,
    JobRequest,
    Limits,
    NotSubmitted,
    SubmissionUnknown,
    Usage,
)

if TYPE_CHECKING:
    from reflow_slurm.queue import Queue


class SlurmExecutor(Executor):
    """A request is one array job, an array of one too; the scheduler is asked by its commands alone.

    Options:
        account, qos: Whose limits count; those of the user, if not given.
        submit_s: After how many seconds sbatch is stopped.
    """

    name = "slurm"

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        super().__init__(options)
        self.settle_s = float(os.environ.get("REFLOW_SETTLE_S", self.settle_s))
        self._made: Queue | None = None

    @property
    def _queue(self) -> Queue:
        """The queue, made when it is first used: most machines have none."""
        if self._made is None:
            from reflow_slurm.queue import Queue

            self._made = Queue(self.options, os.environ)
        return self._made

    def ask_ahead(self) -> None:
        """Begin to ask for the cluster's settings and its partitions."""
        if _is_on_path("scontrol"):
            self._queue.ask_ahead()

    def available(self) -> str | None:
        """Return None when the controller answers, else why it does not."""
        return self._problem(patient=False)

    def ready(self) -> str | None:
        """Return None when the controller answers in the end: that of a large site may take longer than 2 s."""
        return self._problem(patient=True)

    def _problem(self, *, patient: bool) -> str | None:
        if not _is_on_path("scontrol"):
            return "Slurm's commands are not on PATH"
        return self._queue.problem(patient=patient)

    def limits(self) -> Limits:
        """Return the limits of the cluster and of the user; all the user's jobs count, reflow's own small ones too.

        Raises:
            SchedulerError: The controller gave no answer.
        """
        return self._queue.limits()

    def longest_s(self, partition: str | None) -> int | None:
        """Return the time limit of a partition.

        Raises:
            SchedulerError: The controller gave no answer.
        """
        return self._queue.longest_s(partition)

    def submit(self, request: JobRequest) -> str:
        """Queue a request by sbatch, and return its native id."""
        return self._queue.submit(request)

    def submit_all(self, requests: Sequence[JobRequest]) -> list[str | NotSubmitted | SubmissionUnknown]:
        """Queue requests by as many sbatch at once, and return what `submit` would of each."""
        return self._queue.submit_all(requests)

    def find(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the native ids of tokens, by the comments and names of this user's jobs."""
        return self._queue.find(tokens)

    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        """Return how elements stand; a request of which nothing is known is left out."""
        return self._queue.poll(native_ids)

    def cancel(self, native_ids: Collection[str]) -> None:
        """Ask for array jobs to be ended that are still those that were submitted."""
        self._queue.cancel(native_ids)

    def cancel_elements(self, native_id: str, elements: Collection[int]) -> None:
        """Ask for single elements of a request to be ended; the others go on.

        Raises:
            SchedulerError: The request got no answer.
        """
        self._queue.cancel_elements(native_id, elements)

    def is_over(self, job: str) -> bool:
        """Return whether the controller has seen a job end, or has forgotten it, as it does some minutes later.

        Raises:
            SchedulerError: The controller gave no answer.
        """
        return self._queue.is_over(job)

    def explain(self, log: str) -> ElementReport | None:
        """Return why an element ended, from what slurmstepd wrote into its log."""
        from reflow_slurm.parse import read_log

        return read_log(log)

    def usage(self, native_id: str, element: int) -> Usage:
        """Return when an element ended and how much memory it had held; the accounting samples that now and then.

        Raises:
            SchedulerError: The accounting gave no answer.
        """
        return self._queue.usage(native_id, element)

    def shown(self, native_id: str, element: int | None) -> str:
        """Return how Slurm's commands name an array job or an element of it."""
        from reflow_slurm.native import parse_native_id

        native = parse_native_id(native_id)
        if native is None:
            return super().shown(native_id, element)
        (address,) = native.addresses(() if element is None else (element,))
        return f"job {address}"

    def render(self, request: JobRequest) -> str:
        """Return the command and the script, or why they cannot be made."""
        return self._queue.render(request)


def _is_on_path(program: str) -> bool:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders)
