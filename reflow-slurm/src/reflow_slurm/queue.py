"""The queue of a cluster: requests are put into it, found, looked at and cancelled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from reflow.plugin import (
    ElementReport,
    JobRequest,
    Limits,
    NotSubmitted,
    SchedulerError,
    StartedCommand,
    SubmissionUnknown,
    Usage,
)
from reflow_slurm.answers import Accepted, Answer, Refused, read_answer
from reflow_slurm.commands import ASK_S, AVAILABLE_S, SUBMIT_S, Commands
from reflow_slurm.limits import enforces_limits, read_limits, read_longest
from reflow_slurm.lookup import find_tokens, jobs_alive, look_up, usage_of
from reflow_slurm.native import Ahead, NativeId, parse_native_id
from reflow_slurm.script import request_problems, submission
from reflow_slurm.states import is_over

_T = TypeVar("_T")

_CANCELLED_AT_ONCE = 100  #: addresses on one command line
_LOST_PREDECESSOR = "Job dependency problem"


class Queue:
    """What the promises of an executor come to on Slurm.

    Args:
        options: Those of the executor.
        environment: What Slurm's commands inherit.
    """

    def __init__(self, options: Mapping[str, object], environment: Mapping[str, str]) -> None:
        self._options = options
        self._longest: Mapping[str, int] | None = None
        self._commands = Commands(environment, float(str(options.get("submit_s", SUBMIT_S))))

    def ask_ahead(self) -> None:
        """Begin to ask what every submission needs to know."""
        self._commands.ask_ahead()

    def problem(self, *, patient: bool = False) -> str | None:
        """Return why the controller does not answer, or None; it has 2 s for that, or the time of any question."""
        try:
            self._commands.config(ASK_S if patient else AVAILABLE_S)
        except SchedulerError as error:
            self._commands.stop_asking()
            return str(error)
        return None

    def limits(self) -> Limits:
        """Return the limits of the cluster and of the user."""
        config = self._commands.config()
        associations = self._associations() if enforces_limits(config) else ""
        return read_limits(config, associations, self._text("account"), self._text("qos"))

    def longest_s(self, partition: str | None) -> int | None:
        """Return how long a job of a partition may take; the default one's without a name."""
        if self._longest is None:
            self._longest = read_longest(self._commands.partitions())
        return self._longest.get(partition or "")

    def _associations(self) -> str:
        try:
            return self._commands.limits_of_user()
        except SchedulerError:  # some sites keep them private; sbatch still says when one is reached
            return ""

    def _text(self, option: str) -> str | None:
        value = self._options.get(option)
        return None if value is None else str(value)

    def submit(self, request: JobRequest) -> str:
        """Queue a request by sbatch, and return its native id."""
        return self._submitted(request, self._begun(request))

    def submit_all(self, requests: Sequence[JobRequest]) -> list[str | NotSubmitted | SubmissionUnknown]:
        """Queue requests by as many sbatch at once, and return what `submit` returns or raises, of each."""
        begun = [(request, _answer_of(partial(self._begun, request))) for request in requests]
        try:
            return [
                found
                if isinstance(found, Exception)
                else _answer_of(partial(self._submitted, request, found))
                for request, found in begun
            ]
        except BaseException:
            for _, found in begun:
                if isinstance(found, StartedCommand):
                    found.stop()
            raise

    def _begun(self, request: JobRequest) -> StartedCommand:
        problems = request_problems(request)
        if problems:
            raise NotSubmitted(f"{_said(request)} cannot be submitted: {'; '.join(problems)}")
        return self._sbatch(request, _before(request))

    def _submitted(self, request: JobRequest, begun: StartedCommand) -> str:
        """Return the native id of a request for which sbatch was called; call it anew where it is to ask for less."""
        before = _before(request)
        answer = self._answered(begun)
        if before and isinstance(answer, Refused) and _LOST_PREDECESSOR in answer.words:
            before = self._remembered(before)
            answer = self._answered(self._sbatch(request, before))
        if (
            request.exclude and isinstance(answer, Refused) and not answer.transient
        ):  # no other nodes would do
            request = request._replace(exclude=())
            answer = self._answered(self._sbatch(request, before))
        return _native_id(request, answer, self._commands).text()

    def _sbatch(self, request: JobRequest, before: Sequence[Ahead]) -> StartedCommand:
        try:
            return self._commands.sbatch(submission(request, [ahead.address for ahead in before]))
        except SchedulerError as error:
            raise NotSubmitted(
                f"{_said(request)} cannot be submitted from here: {error}", transient=True
            ) from error

    def _answered(self, begun: StartedCommand) -> Answer:
        result = self._commands.sbatch_result(begun)
        return read_answer(result.status, result.stdout, result.stderr)

    def _remembered(self, before: Sequence[Ahead]) -> list[Ahead]:
        """Return what the controller knows of it: newer ones take no dependency on what was forgotten."""
        try:
            alive = self._alive({ahead.native for ahead in before})
        except SchedulerError as error:
            raise NotSubmitted(
                f"what must end first could not be looked up: {error}", transient=True
            ) from error
        elements = {native: found.get(native.job) for native, found in alive.items()}
        return [one for one in before if one.is_among(elements[one.native])]

    def _alive(self, natives: Iterable[NativeId]) -> dict[NativeId, dict[str, set[int]]]:
        found: dict[NativeId, dict[str, set[int]]] = {}
        for cluster, ours in _by_cluster(natives).items():
            found |= jobs_alive(self._commands, cluster, ours)
        return found

    def find(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the native ids of tokens, by the comments and names of this user's jobs."""
        if not tokens:
            return {}
        return {token: native.text() for token, native in find_tokens(self._commands, tokens).items()}

    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        """Return how elements stand; a request of which nothing is known is left out."""
        found: dict[str, dict[int, ElementReport]] = {}
        for cluster, natives in _by_cluster(_natives(native_ids)).items():
            told = look_up(self._commands, cluster, natives)
            found |= {native.text(): reports for native, reports in told.items() if reports}
        return found

    def is_over(self, job: str) -> bool:
        """Return whether the controller has seen a job end, or has forgotten it."""
        number, _, cluster = job.partition("@")
        return number.isdecimal() and all(map(is_over, self._commands.states(cluster, number)))

    def usage(self, native_id: str, element: int) -> Usage:
        """Return what the accounting knows of an element that has ended."""
        native = parse_native_id(native_id)
        return Usage() if native is None else usage_of(self._commands, native, element)

    def cancel(self, native_ids: Collection[str]) -> None:
        """Ask for array jobs to be ended that are still those that were submitted, and for copies of them."""
        for cluster, natives in _by_cluster(_natives(native_ids)).items():
            alive = jobs_alive(self._commands, cluster, natives)
            self._scancel(cluster, [job for native in natives for job in alive[native]])

    def cancel_elements(self, native_id: str, elements: Collection[int]) -> None:
        """Ask for single elements of a request to be ended; the others go on."""
        for native, alive in self._alive(_natives([native_id])).items():
            addresses = [
                address
                for job, numbers in alive.items()
                if (wanted := tuple(sorted(numbers & set(elements))))
                for address in native._replace(job=job).addresses(wanted)
            ]
            self._scancel(native.cluster, addresses)

    def _scancel(self, cluster: str, addresses: list[str]) -> None:
        for begin in range(0, len(addresses), _CANCELLED_AT_ONCE):
            self._commands.scancel(cluster, addresses[begin : begin + _CANCELLED_AT_ONCE])

    def render(self, request: JobRequest) -> str:
        """Return the command and the script, or why they cannot be made."""
        problems = request_problems(request)
        if problems:
            return f"# {request.name} cannot be submitted: {'; '.join(problems)}"
        shown = [text for text in request.predecessors if parse_native_id(text) is None]  # those of a dry run
        before = [*(ahead.address for ahead in _before(request)), *shown]
        return submission(request, before).text()


def _answer_of(act: Callable[[], _T]) -> _T | NotSubmitted | SubmissionUnknown:
    """Return what a function returns, or what it raises of a submission."""
    try:
        return act()
    except (NotSubmitted, SubmissionUnknown) as error:
        return error


def _before(request: JobRequest) -> list[Ahead]:
    whole = [Ahead(native) for native in _natives(request.predecessors)]
    parsed = [(parse_native_id(text), element) for text, element in request.elements_ahead]
    return whole + [Ahead(native, element) for native, element in parsed if native is not None]


def _natives(native_ids: Iterable[str]) -> list[NativeId]:
    return [native for text in native_ids if (native := parse_native_id(text)) is not None]


def _by_cluster(natives: Iterable[NativeId]) -> dict[str, list[NativeId]]:
    found: dict[str, list[NativeId]] = {}
    for native in natives:
        found.setdefault(native.cluster, []).append(native)
    return found


def _native_id(request: JobRequest, answer: Answer, commands: Commands) -> NativeId:
    """Return the id of what was accepted.

    Raises:
        NotSubmitted: It was refused.
        SubmissionUnknown: Nobody can say.
    """
    if isinstance(answer, Accepted):
        return NativeId(answer.job, answer.cluster or _cluster(commands), request.token, request.count)
    if isinstance(answer, Refused):
        remedy = f"; {answer.remedy}" if answer.remedy else ""
        raise NotSubmitted(
            f"Slurm refused {_said(request)}: {answer.words}{remedy}",
            transient=answer.transient,
            over_limit=answer.over_limit,
        )
    raise SubmissionUnknown(f"it is not known whether Slurm took {_said(request)}: {answer.words}")


def _said(request: JobRequest) -> str:
    """Return what messages call a request: its name without the token, so that they do not differ by that alone."""
    return request.name.removesuffix(f".{request.token[:10]}")


def _cluster(commands: Commands) -> str:
    """Return the cluster's name; what has been accepted stays accepted when nobody tells it."""
    try:
        return commands.cluster
    except SchedulerError:
        return ""
