"""The rows of a run's ledger and of the results, as the rest of reflow sees them.

Times are whole milliseconds since 1970 (UTC). Digests are 32 bytes. Values are the text of tagged JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reflow.model.named_tuple import NamedTuple
from reflow.model.states import InstanceState, RunState, TaskState


class TaskRow(NamedTuple):
    """One task of a run. ``total`` is its number of instances, or ``None`` while that is unknown."""

    task: str
    state: TaskState = TaskState.WAITING
    total: int | None = None
    reason: str | None = None
    parts: str | None = None
    """The parts of identity that all its instances share, as JSON."""


class InstanceRow(NamedTuple):
    """One instance of a task in one run.

    Attributes:
        attempt: The number of its current attempt, from 1; 0 before the first.
        output: Its output hash, when it has succeeded or was reused.
        submission: Token of the submission that its current attempt was handed over in.
        position: Its number within that submission, from 0.
        fresh: A retry or ``force`` asked that nothing be reused for it.
        parts: The digests that only this instance has, concatenated in the order of its varying parameters.
        tries: How many failures have been charged to each retry budget, as small JSON, or None.
        reason: Why it failed, was skipped or cancelled, in one line.
    """

    task: str
    index: int  # type: ignore[assignment]  # a field, not tuple.index
    state: InstanceState
    identity: bytes
    attempt: int = 0
    output: bytes | None = None
    submission: str | None = None
    position: int | None = None
    fresh: bool = False
    parts: bytes = b""
    tries: str | None = None
    reason: str | None = None


class OutputRow(NamedTuple):
    """What one instance returned.

    Attributes:
        value: The text of its tagged JSON.
        items: The digests of its items, concatenated, when it is a list.
        reusable: Whether other runs may use it.
        paths: Whether there is a Path in it.
    """

    task: str
    index: int  # type: ignore[assignment]  # a field, not tuple.index
    attempt: int
    output: bytes
    value: str
    items: bytes | None = None
    reusable: bool = True
    paths: bool = False


class AttemptRow(NamedTuple):
    """One try at an instance.

    Attributes:
        start: How often its element had been started before, from 0.
        state: ``RUNNING`` while its end is unknown.
        reason: One line, when it did not succeed, or why no other run may reuse its result.
        error: A JSON object with ``type``, ``message`` and ``traceback`` when it raised, and ``peak_mib``, the most
            memory that its worker had held by then, where that is known.
        log_start, log_end: Its slice of its element's log, in bytes.
    """

    task: str
    index: int  # type: ignore[assignment]  # a field, not tuple.index
    attempt: int
    submission: str
    element: int
    start: int
    state: InstanceState
    started: int | None = None
    ended: int | None = None
    log_start: int | None = None
    log_end: int | None = None
    reason: str | None = None
    error: str | None = None
    host: str | None = None


class SubmissionRow(NamedTuple):
    """What one call of ``executor.submit`` hands over.

    Attributes:
        token: 20 random hex digits.
        number: Counts the submissions of a run, from 1.
        count: Number of elements.
        pack: Instances per element; 0 when resident workers share them.
        state: ``intent`` until there is an answer, ``open`` until all elements have ended, then ``ended``;
            ``refused`` when the executor certainly will not take it.
        native_id: The executor's name for it, once it is known.
        ended: When it ended; of an intent, when it was certainly not taken though it may be later; of a small job of
            reflow's own that is still there, when it was told to end.
        logs: Where each element's log begins in the joined log of the task, as JSON, once it has ended.
    """

    token: str
    number: int
    task: str
    count: int  # type: ignore[assignment]  # a field, not tuple.count
    instances: int
    pack: int
    state: str
    created: int
    native_id: str | None = None
    ended: int | None = None
    logs: str | None = None


class Changes(NamedTuple):
    """What one transaction writes to a ledger: whole rows, each replacing the row of its key.

    Attributes:
        run: The run's new state.
        tasks: By task.
        instances: By task and index.
        outputs: By task, index and attempt.
        attempts: By task, index and attempt.
        submissions: By token.
        segments: Token and name of each outcome segment that this transaction takes in.
        published: Number of the last output that has been appended to the results.
        dropped: Tasks whose instances (not their attempts and outputs) are taken away before ``instances``
            are written, since they are to be expanded afresh.
    """

    run: RunState | None = None
    tasks: Sequence[TaskRow] = ()
    instances: Iterable[InstanceRow] = ()
    outputs: Iterable[OutputRow] = ()
    attempts: Iterable[AttemptRow] = ()
    submissions: Sequence[SubmissionRow] = ()
    segments: Sequence[tuple[str, str]] = ()
    published: int | None = None
    dropped: Sequence[str] = ()


class Overview(NamedTuple):
    """A run at a glance: what it costs to read does not grow with the number of instances.

    Attributes:
        counts: How many instances each task has in each state; states with none are left out.
        updated: When the ledger was last written.
    """

    run_id: str
    workflow: str
    state: RunState
    epoch: int
    created: int
    updated: int
    ended: int | None
    tasks: Mapping[str, TaskRow]
    counts: Mapping[str, Mapping[InstanceState, int]]
    submissions: Sequence[SubmissionRow]
    """Those that are intents or open, oldest first."""
    published: int
    outputs: int
    """Number of the newest output; equal to ``published`` when all have been appended to the results."""


class Unpublished(NamedTuple):
    """An output that waits in the ledger for the results, with what they keep of its instance."""

    number: int
    output: OutputRow
    identity: bytes
    parts: bytes
    created: int


class Context(NamedTuple):
    """What all results of one task in one run share.

    Attributes:
        key: Defining flow and unprefixed task name, as ``flow.task``.
        code: Hash of the task's normalised source and what it reaches; empty when it is unknown.
        source: Hash of the function's own source.
        file: The file that defines the task.
        parts: The shared parts of identity, as JSON.
        varying: Names of the parameters whose digests are in each row's ``parts``, in order.
    """

    run_id: str
    task: str
    key: str
    version: str
    code: bytes
    source: bytes
    file: str
    parts: str
    varying: tuple[str, ...]


class NewResult(NamedTuple):
    """One result to be appended."""

    identity: bytes
    output: bytes
    value: str
    items: bytes | None
    paths: bool
    index: int  # type: ignore[assignment]  # a field, not tuple.index
    attempt: int
    parts: bytes
    created: int


class FoundResult(NamedTuple):
    """The newest result of an identity that is not stale, without its value."""

    identity: bytes
    output: bytes
    items: bytes | None
    paths: bool
    run_id: str
    index: int  # type: ignore[assignment]  # a field, not tuple.index
    created: int
    code: bytes
    source: bytes
    file: str


class EarlierResult(NamedTuple):
    """A result as it was made, stale or not, with what it was made from and without its value.

    Attributes:
        parts: The digests that only its instance had, in the order of the context's ``varying``.
        stale: Why it is used no more, or None.
    """

    identity: bytes
    output: bytes
    index: int  # type: ignore[assignment]  # a field, not tuple.index
    attempt: int
    parts: bytes
    created: int
    stale: str | None
    context: Context


class RunEntry(NamedTuple):
    """A run in the list of runs that the results keep."""

    run_id: str
    workflow: str
    run_dir: str
    created: int
    executor: str
    parameters: str
    """The parameters as one line of text, secrets masked."""


class Maker(NamedTuple):
    """What made results of a task that are not stale: one code, in one file.

    Attributes:
        code, source, file: As in `Context`.
        results: How many it made.
    """

    code: bytes
    source: bytes
    file: str
    results: int


class Acceptance(NamedTuple):
    """Somebody's word that results of a task made by the code ``old`` are as good as those of ``new``.

    Attributes:
        key: Defining flow and unprefixed task name, as ``flow.task``.
        who: The user's name.
        reason: In the user's words; may be empty.
        created: Milliseconds since 1970.
    """

    key: str
    old: bytes
    new: bytes
    who: str
    reason: str
    created: int


class Figures(NamedTuple):
    """How much the results of a user hold.

    Attributes:
        place: Where they are, as a path or an address.
        size: In bytes.
        schema: The version of its form.
        results: How many there are, stale ones too.
        stale: How many of these are used no more.
        tasks: How many tasks, by their keys, made them.
        oldest, newest: When the first and the last one of them was made, or None.
    """

    place: str
    size: int
    schema: int
    results: int
    stale: int
    runs: int
    tasks: int
    oldest: int | None
    newest: int | None


class OldResult(NamedTuple):
    """A result, as far as it matters for whether it is kept.

    Attributes:
        number: By which the store knows it.
        run_id: Of the run that made it.
        size: About how many bytes it takes.
    """

    number: int
    identity: bytes
    output: bytes
    run_id: str
    size: int
