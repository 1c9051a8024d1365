"""What an executor promises.

An executor hands commands to something that runs them: a batch scheduler, the processes of one
machine. It knows nothing of flows, caches or stores, and keeps no state that only it can see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from reflow.errors import NotSubmitted, SubmissionUnknown
from reflow.model.named_tuple import NamedTuple
from reflow.model.resources import Resources
from reflow.model.states import JobState


class JobRequest(NamedTuple):
    """One array job to be queued; a plain job is an array of one.

    Attributes:
        name: What the queue shows, such as ``demo.convert.0f3a9c2b11``.
        argv: The command and its arguments, not quoted for any shell; nothing of the user's data is in it.
        serve_argv: The command of a resident worker, which takes batches from a descriptor.
        count: Number of elements.
        instances: Number of instances in all; resident workers share them.
        resources: What each element asks for.
        predecessors: Native ids that must have ended first, however they ended.
        elements_ahead: Single elements of others that must have ended first, each with the native id that it is of;
            of resident executors' requests, positions of single instances.
        begin_s: Seconds from now before which it must not start.
        warn_s: Seconds before its time limit at which an element is sent SIGUSR2, where the scheduler can; 0: never.
        exclude: Nodes to leave out, where others will do.
        log_dir: An absolute directory that all elements reach; element ``i`` logs to ``<log_dir>/<token>.<i>.log``.
        token: Random text that finds the request again.
        directory: The submission's own directory, absolute.
        cwd: The directory that it was submitted from.
    """

    name: str
    argv: Sequence[str]
    serve_argv: Sequence[str]
    count: int  # type: ignore[assignment]  # a field, not tuple.count
    instances: int
    resources: Resources
    log_dir: str
    token: str
    directory: str
    cwd: str
    predecessors: Sequence[str] = ()
    elements_ahead: Sequence[tuple[str, int]] = ()
    begin_s: int = 0
    warn_s: int = 0
    exclude: Sequence[str] = ()


class Limits(NamedTuple):
    """What one request may ask for; ``None`` means there is no limit that the executor knows."""

    elements_per_request: int | None = None
    elements_in_all: int | None = None


class ElementReport(NamedTuple):
    """What the executor knows about one element.

    Attributes:
        reason: The executor's own words, in plain text, or empty; of one that waits, why, and what to type: by
            ``type: COMMAND`` those are known for which waiting may not help.
        node: The node that it ran on, where there was one and its name is known.
    """

    state: JobState
    reason: str = ""
    node: str = ""


class Usage(NamedTuple):
    """What an element took, as far as the executor's accounting knows it.

    Attributes:
        ended: When it ended, in milliseconds since 1970.
        peak_mib: The most memory that its processes had held at once; 0 where that is not known.
    """

    ended: int | None = None
    peak_mib: int = 0


class Executor(ABC):
    """Submits, finds, polls and cancels requests.

    A *native id* is the executor's own name for a whole request, text that only it reads.
    Any process may poll or cancel it.
    """

    name: ClassVar[str]
    """What a user writes in ``--executor``: lower case, unique, the name of the entry point."""

    resident: ClassVar[bool] = False
    """Whether its workers live as long as the process that submits; then it is a `ResidentExecutor`."""

    settle_s: float = 60.0
    """How long after it was submitted a request that is not listed may still be on its way."""

    foreground: ClassVar[bool] = False
    """Whether ``submit`` must run the whole run in the calling process."""

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        self.options = dict(options or {})

    def ask_ahead(self) -> None:  # noqa: B027 - to do nothing is allowed
        """Begin to ask what a submission will need to know, without waiting for the answers.

        Called when a run is to be submitted, while there is other work to be done before anything is handed over;
        what goes wrong here is told by whoever needs the answer.
        """

    def available(self) -> str | None:
        """Return None when it can take requests here and now, else why not, in words. Takes 2 s at most."""
        return None

    def ready(self) -> str | None:
        """Return what `available` does, though the scheduler be slow to answer: a user named this executor."""
        return self.available()

    def limits(self) -> Limits:
        """Return what one request may ask for."""
        return Limits()

    def longest_s(self, partition: str | None) -> int | None:
        """Return the longest time that an element may ask for; None where there is no limit that is known.

        Args:
            partition: Where it is to run; None for where requests go that name none.

        Raises:
            SchedulerError: The question got no answer.
        """
        return None

    @abstractmethod
    def submit(self, request: JobRequest) -> str:
        """Queue a request and return its native id. It is taken whole or not at all.

        Each element finds its number, from 0, as the last argument of ``argv`` or by the means of the
        scheduler that ``reflow.entry`` reads.

        Raises:
            NotSubmitted: Certainly not; nothing of it is queued.
            SubmissionUnknown: It may be queued. Ask `find` before submitting it again.
        """

    def submit_all(self, requests: Sequence[JobRequest]) -> list[str | NotSubmitted | SubmissionUnknown]:
        """Queue several requests that do not wait for each other; return what `submit` returns or raises, of each."""
        answers: list[str | NotSubmitted | SubmissionUnknown] = []
        for request in requests:
            try:
                answers.append(self.submit(request))
            except (NotSubmitted, SubmissionUnknown) as error:
                answers.append(error)
        return answers

    @abstractmethod
    def find(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the native ids of those tokens whose requests are queued, running or remembered.

        Asks once. A token that is left out is certainly not there.

        Raises:
            SchedulerError: The question got no certain answer.
        """

    @abstractmethod
    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        """Return what is known of each element of each request, asking once.

        An element or a request that the executor has forgotten is left out; that is an answer, and
        never means success.

        Raises:
            SchedulerError: The question got no answer.
        """

    @abstractmethod
    def cancel(self, native_ids: Collection[str]) -> None:
        """Ask for requests to be ended; what has ended stays as it is.

        Raises:
            SchedulerError: The request got no answer.
        """

    def cancel_elements(self, native_id: str, elements: Collection[int]) -> None:  # noqa: B027 - to do nothing is allowed
        """Ask for some elements of a request to be ended; the others go on. Without a way to, all go on.

        Raises:
            SchedulerError: The request got no answer.
        """

    def is_over(self, job: str) -> bool:
        """Return whether a batch job has certainly ended; False where nobody can tell.

        Asked about a process on another machine that has not been heard of for a while: it is gone with its job.

        Args:
            job: Its name as its own processes see it: what ``SLURM_JOB_ID`` says, and behind an ``@`` its cluster
                where ``SLURM_CLUSTER_NAME`` says one.

        Raises:
            SchedulerError: The question got no answer.
        """
        return False

    def explain(self, log: str) -> ElementReport | None:
        """Return what the executor itself wrote about an element's end into its log; None when it wrote nothing.

        Asked when nothing else tells why an element ended.

        Args:
            log: The last lines of the log, of the element's last start.
        """
        return None

    def usage(self, native_id: str, element: int) -> Usage:
        """Return what an element that is over took. Asked when a user wants to know why one failed that said nothing.

        Raises:
            SchedulerError: The question got no answer.
        """
        return Usage()

    def shown(self, native_id: str, element: int | None) -> str:
        """Return what users call a request, or one of its elements: what they would look for in the queue."""
        return f"job {native_id}" if element is None else f"job {native_id}, element {element}"

    def render(self, request: JobRequest) -> str:
        """Return the exact commands and scripts that `submit` would use, for a dry run."""
        return " ".join(request.argv)


class Event(NamedTuple):
    """Something that happened to an element of a resident executor.

    Attributes:
        kind: ``sealed`` (segments are there to be taken in), ``died`` (its process ended, see ``reason``;
            it waits for `ResidentExecutor.restart` or `ResidentExecutor.abandon`), ``ended`` (all its
            instances have an outcome, or it was cancelled; for a whole request ``element`` is -1).
        start: How often this element had been started before.
        segments: Names of the sealed segments.
        lines: How many lines they have together; 0 where that is not known.
        peak_mib: The most memory that a process which died had held at once; 0 where that is not known.
    """

    kind: str
    token: str
    element: int
    start: int
    segments: tuple[str, ...] = ()
    reason: str = ""
    peak_mib: int = 0
    lines: int = 0


class ResidentExecutor(Executor):
    """Runs elements as workers that live for the whole run and take instances in batches.

    Whoever calls `submit` drives it by calling `pump`. A worker is one element of each request that it takes
    instances of. When the driving process ends, by whatever means, the workers end.
    """

    resident = True

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many workers may run at once; a request has at most so many elements."""

    @abstractmethod
    def warm_up(self, serve_argv: Sequence[str], cwd: str, log: str, workers: int) -> None:
        """Start workers ahead of the first request, since their start takes longer than planning."""

    @abstractmethod
    def pump(self, timeout_s: float) -> list[Event]:
        """Feed workers, wait at most so long for something to happen, and return what did.

        Returns as soon as there are events, and at once when nothing is left to wait for.
        """

    @abstractmethod
    def restart(self, token: str, element: int) -> None:
        """Start an element that died again; it goes on behind the instance that it died in."""

    @abstractmethod
    def abandon(self, token: str, element: int) -> None:
        """Give up the instances that a dead element still held; the rest of the request goes on."""

    @abstractmethod
    def cancel_positions(self, token: str, positions: Collection[int]) -> None:
        """Interrupt some instances of a request, named by their position in it, and leave the rest."""

    def leftovers(self, serve_argv: Sequence[str]) -> int:
        """Return how many workers of this command still live, whose driver is gone."""
        return 0

    def end_leftovers(self, serve_argv: Sequence[str]) -> None:
        """End them, and return when they are gone and all that they wrote can be seen.

        Only whoever has the right to drive the run calls this, before its own first request.
        """

    @abstractmethod
    def close(self) -> None:
        """End all workers and wait for them."""


__all__ = [
    "ElementReport",
    "Event",
    "Executor",
    "JobRequest",
    "Limits",
    "NotSubmitted",
    "ResidentExecutor",
]
