"""Why each instance of a run is as it is: why it ran, was reused, waits, failed, was skipped or cancelled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reflow.graph.model import Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import AttemptRow, EarlierResult, FoundResult, InstanceRow, Overview, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.run.clock import iso
from reflow.run.disagreement import disagreeing
from reflow.run.failure import failure_of
from reflow.run.opened import OpenRun
from reflow.run.other_code import changed_code
from reflow.run.past import Past, why_unusable
from reflow.run.select import meant
from reflow.run.status import read_status
from reflow.run.why_ran import ShownPart, why_ran
from reflow.run.why_waits import blocked_by, equal_work, queue_of, waits_for
from reflow.rundir.control import Scope

REASONS = 5  #: of one state that are told apart in a task
OUTSIDE = "cancelled from outside"  #: a part of the reason of what somebody else ended


class Explanation(NamedTuple):
    """Why an instance is as it is, or a task that has none.

    Attributes:
        index: None for a task without instances.
        cause: A word. Of what ran or will: those of `reflow.run.why_ran.Ran`. Of others: ``reused``, ``upstream``
            (waits for it, or was skipped for it), ``equal`` (another instance does the same work), ``next``, ``user``,
            ``outside`` and ``interrupted`` (cancelled so), ``expansion`` (the task could not be expanded), ``empty``.
        reason: The same as a sentence.
        others: The indices of others of its task in this state, of which no more is told; their reason may differ.
        earlier: The result that it took, or the nearest one: its ``run_id``, ``index``, ``created_at``, ``identity``
            and why it is ``stale``.
        parts: Of its identity, where they differ from those of ``earlier``.
        waits_for: Tasks or instances.
        blocked_by: What did not succeed upstream, and why.
        queue: Where it is that was handed over, see `reflow.run.why_waits.queue_of`.
        failure: See `reflow.run.failure.failure_of`.
    """

    task: str
    index: int | None  # type: ignore[assignment]  # a field, not tuple.index
    array: bool
    state: str
    cause: str = ""
    reason: str = ""
    others: Sequence[int] = ()
    attempt: int = 0
    identity: str | None = None
    earlier: Mapping[str, Any] | None = None
    parts: Sequence[ShownPart] = ()
    waits_for: Sequence[str] = ()
    blocked_by: Sequence[str] = ()
    queue: Mapping[str, Any] | None = None
    failure: Mapping[str, Any] | None = None
    notes: Sequence[str] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as ``why --json`` prints it: these names, all of them."""
        told = {
            key: list(value) if isinstance(value, tuple) else value for key, value in self._asdict().items()
        }
        return {**told, "parts": [part._asdict() for part in self.parts]}


def why(run: OpenRun, scopes: Sequence[Scope] = ()) -> list[Explanation]:
    """Explain the instances that are meant, or all; of those of a task in one state, the first.

    Raises:
        StoreError: The ledger cannot be read.
    """
    with contextlib.closing(Past(run)) as past:
        explainer = _Explainer(run, past, run.ledger.overview())
        return [told for task in run.graph.tasks for told in explainer.task(task, scopes)]


class _Explainer:
    """Explains the instances of one run."""

    def __init__(self, run: OpenRun, past: Past, overview: Overview) -> None:
        self._run = run
        self._past = past
        self._overview = overview
        self._said: list[str] | None = None

    def task(self, name: str, scopes: Sequence[Scope]) -> Iterator[Explanation]:
        """Explain the instances of a task that are meant, or the task itself where it has none."""
        named = [scope for scope in scopes or (Scope(),) if scope.task in (None, name)]
        if not named:
            return
        row = self._overview.tasks[name]
        if row.state is not TaskState.EXPANDED or row.total == 0:
            yield self._without_instances(row)
            return
        for first, *others in _grouped(self._rows(name, named)):
            yield self._instance(first, [other.index for other in others])

    def _rows(self, name: str, named: Sequence[Scope]) -> Iterable[InstanceRow]:
        found = {row.index: row for scope in named for row in meant(self._run, scope, name)}
        return [found[index] for index in sorted(found)]

    # One instance

    def _instance(self, row: InstanceRow, others: list[int]) -> Explanation:
        explain = {
            InstanceState.REUSED: self._reused,
            InstanceState.PENDING: self._pending,
            InstanceState.SKIPPED: self._skipped,
            InstanceState.CANCELLED: self._cancelled,
        }.get(row.state, self._ran)
        array = self._run.graph.tasks[row.task].array
        told = Explanation(row.task, row.index, array, row.state.value, others=others, attempt=row.attempt)
        return explain(told._replace(identity=row.identity.hex()), row)

    def _ran(self, told: Explanation, row: InstanceRow) -> Explanation:
        ran = why_ran(self._run, self._past, row)
        earlier = _of_earlier(ran.earlier) if ran.earlier is not None else None
        told = told._replace(cause=ran.cause, reason=ran.reason, earlier=earlier, parts=ran.parts)
        attempts = self._run.ledger.attempts(row.task, (), {row.index})
        before = [_earlier_attempt(one) for one in attempts if one.attempt < row.attempt]
        before += [*ran.notes, *_compared(ran.earlier, row), *self._disagreement(row)]
        if row.state in (InstanceState.SUBMITTED, InstanceState.RUNNING):
            queue = queue_of(self._run, row)
            return told._replace(queue=queue, notes=[*before, *self._troubles()])
        if row.state is InstanceState.SUCCEEDED and (unusable := why_unusable(self._run, row)):
            before.append(f"what it made is not reusable: {unusable}")
        if row.state is InstanceState.FAILED:
            own = [one for one in attempts if one.attempt == row.attempt]
            failure = failure_of(self._run, own[0] if own else None, row)
            return told._replace(failure=failure, notes=before)
        return told._replace(notes=before)

    def _reused(self, told: Explanation, row: InstanceRow) -> Explanation:
        found = self._past.source_of(row)
        if found is None:
            trouble = self._past.results.trouble or "the result that it took is not the newest one any more"
            return told._replace(cause="reused", reason=f"the same work was done before; {trouble}")
        whose = "another instance of this run" if found.run_id == self._run.id else f"run {found.run_id}"
        node = self._run.graph.tasks[row.task]
        return told._replace(
            cause="reused",
            reason=f"the same work was done before, by {whose}",
            earlier=_of_found(found),
            notes=[*_other_code(self._past, node, found), *self._disagreement(row)],
        )

    def _disagreement(self, row: InstanceRow) -> list[str]:
        """Say which other run came to something else from the same inputs."""
        if row.output is None:
            return []
        node = self._run.graph.tasks[row.task]
        other = disagreeing(self._past.results, node, [(row.identity, row.output)]).get(row.identity)
        return [] if other is None else [f"run {other.run_id} returned something else from the same inputs"]

    def _pending(self, told: Explanation, row: InstanceRow) -> Explanation:
        other = equal_work(self._run, self._overview, row)
        if other is not None:
            reason = f"{other} does the same work at the moment"
            return told._replace(cause="equal", reason=reason, waits_for=[other])
        before = [_earlier_attempt(one) for one in self._run.ledger.attempts(row.task, (), {row.index})]
        reason = "it is handed over as soon as there is room"
        return told._replace(cause="next", reason=reason, notes=[*before, *self._troubles()])

    def _skipped(self, told: Explanation, row: InstanceRow) -> Explanation:
        blocking = blocked_by(self._run, self._overview, row.task, {row.index})
        return _skipped(told, blocking, row.reason)

    def _cancelled(self, told: Explanation, row: InstanceRow) -> Explanation:
        return _cancelled(told, row.reason)

    # A task without instances

    def _without_instances(self, row: TaskRow) -> Explanation:
        told = Explanation(row.task, None, self._run.graph.tasks[row.task].array, row.state.value)
        if row.state is TaskState.EXPANDED:
            reason = "it has no instances: what it takes is an empty list"
            return told._replace(state="succeeded", cause="empty", reason=reason)
        if row.state is TaskState.WAITING:
            waits = waits_for(self._run, self._overview, row.task)
            reason = f"it waits for {' and '.join(waits)}" if waits else "its turn comes with the next look"
            return told._replace(cause="upstream", reason=reason, waits_for=waits, notes=self._troubles())
        if row.state is TaskState.SKIPPED:
            return _skipped(told, blocked_by(self._run, self._overview, row.task), row.reason)
        if row.state is TaskState.CANCELLED:
            return _cancelled(told, row.reason)
        return told._replace(cause="expansion", reason=row.reason or "it could not be expanded")

    def _troubles(self) -> list[str]:
        """Say what keeps a run from going on, and what else is to be said of it; that is looked for once."""
        if self._said is None:
            self._said = self._look_for_troubles()
        return self._said

    def _look_for_troubles(self) -> list[str]:
        if self._overview.state in (RunState.RUNNING, RunState.HELD):
            return list(read_status(self._run)["messages"])
        return [f"the run is {self._overview.state.value}; {self._run.remedy}"]


def _grouped(rows: Iterable[InstanceRow]) -> Iterable[list[InstanceRow]]:
    """Return instances by state and reason; where a state has very many reasons, the rest is with the first of them."""
    groups: dict[tuple[object, ...], list[InstanceRow]] = {}
    of_state: dict[InstanceState, list[list[InstanceRow]]] = {}
    for row in rows:
        key = (row.state, row.reason, row.attempt > 1)
        if key in groups:
            groups[key].append(row)
        elif len(of_state.setdefault(row.state, [])) < REASONS:
            groups[key] = [row]
            of_state[row.state].append(groups[key])
        else:
            of_state[row.state][0].append(row)
    return groups.values()


def _skipped(told: Explanation, blocking: Sequence[str], reason: str | None) -> Explanation:
    why = " and ".join(blocking) or reason or "its upstream did not succeed"
    return told._replace(cause="upstream", reason=why, blocked_by=blocking)


def _cancelled(told: Explanation, reason: str | None) -> Explanation:
    if reason in (None, "cancelled"):
        return told._replace(cause="user", reason="it was cancelled with reflow: by cancel, or by Ctrl-C")
    return told._replace(cause="outside" if OUTSIDE in str(reason) else "interrupted", reason=str(reason))


def _other_code(past: Past, node: Node, found: FoundResult) -> list[str]:
    then = _code_then(past, node, found)
    if not then or not node.code_hash or then.hex() == node.code_hash:
        return []
    changed = changed_code(past.results, node, then)
    return [
        f"its code was another one then{f' ({changed})' if changed else ''}; {_accepted(past, node, then)}"
    ]


def _code_then(past: Past, node: Node, found: FoundResult) -> bytes:
    """Return the code that made a result: what was accepted where code is a part of identity is kept as of the new."""
    made_in = past.opened(found.run_id) if node.code == "auto" else None
    codes = (
        {one.code_hash for one in made_in.graph.tasks.values() if one.key == node.key} if made_in else set()
    )
    return bytes.fromhex(codes.pop()) if len(codes) == 1 else found.code


def _accepted(past: Past, node: Node, code: bytes) -> str:
    """Say why results of other code count: somebody accepted them, or the user was warned, or does not care.

    Where code is part of identity, somebody did, maybe several changes one after another: the last one is told.
    """
    words = past.results.accepted_for(node)
    word = words.get(code)
    if word is None and node.code == "auto":
        if not words:
            return "that was accepted, and by whom is not known any more"
        word = max(words.values(), key=lambda one: one.created)
    if word is not None:
        return f"{word.who} accepted that on {iso(word.created)}{f': {word.reason}' if word.reason else ''}"
    if node.code == "version":
        return 'with code="version" that does not count'
    return f"submit warned of it, and nobody has accepted that: accept {node.name}, or submit --force-tasks {node.name}"


def _compared(earlier: EarlierResult | None, row: InstanceRow) -> list[str]:
    """Say whether work that was done anew came to the same."""
    if earlier is None or row.output is None or earlier.identity != row.identity:
        return []
    same = "the same as" if earlier.output == row.output else "something else than"
    return [f"it returned {same} before"]


def _of_earlier(earlier: EarlierResult) -> dict[str, Any]:
    return {
        "run_id": earlier.context.run_id,
        "index": earlier.index,
        "created_at": iso(earlier.created),
        "identity": earlier.identity.hex(),
        "stale": earlier.stale,
    }


def _of_found(found: FoundResult) -> dict[str, Any]:
    return {
        "run_id": found.run_id,
        "index": found.index,
        "created_at": iso(found.created),
        "identity": found.identity.hex(),
        "stale": None,
    }


def _earlier_attempt(attempt: AttemptRow) -> str:
    if attempt.state is InstanceState.SUCCEEDED:
        return f"attempt {attempt.attempt} succeeded; what it made did not hold any more"
    return f"attempt {attempt.attempt} {attempt.state.value}: {attempt.reason or 'no reason is known'}"
