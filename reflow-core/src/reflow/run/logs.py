"""Where the log of each attempt is, and what it was given."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reflow.errors import RunDirError
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import AttemptRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.begun import begun_attempts, sealed_attempts
from reflow.run.opened import OpenRun
from reflow.rundir.collected import collected_at
from reflow.rundir.control import Scope
from reflow.rundir.outcomes import log_numbers
from reflow.rundir.payload import Payload
from reflow.values.show import show


class LogSlice(NamedTuple):
    """The log of one attempt: bytes ``start`` to ``end`` of ``path``; ``end`` is None while it grows.

    There is no ``path`` where no log is: none was kept, or it was cleaned up.
    """

    attempt: AttemptRow
    path: str | None
    start: int
    end: int | None


def log_slices(run: OpenRun, scopes: Sequence[Scope] = ()) -> list[LogSlice]:
    """Return the logs of the attempts that are meant, by task, index and attempt; all of a run without scopes."""
    wanted = scopes or (Scope(),)
    there = run.ledger.submissions()
    # an attempt goes on, is sealed, and is taken in: looked for in this order, it is in one of these places
    begun = [begun_attempts(run, scope, there) + sealed_attempts(run, scope, there) for scope in wanted]
    taken = [_taken_in(run, scope) for scope in wanted]
    submissions = {row.token: row for row in run.ledger.submissions()}
    found: list[LogSlice] = []
    for attempts, others in zip(taken, begun, strict=True):
        ends = _ends_of_dead(run, attempts)
        for attempt in _in_order(attempts, others):
            found.append(
                _slice(run, attempt, submissions[attempt.submission], ends.get(attempt, attempt.log_end))
            )
    return found


def _taken_in(run: OpenRun, scope: Scope) -> list[AttemptRow]:
    states = {InstanceState(scope.state)} if scope.state else set()
    return run.ledger.attempts(scope.task, states, set(scope.indices or ()))


def _in_order(taken: Sequence[AttemptRow], begun: Iterable[AttemptRow]) -> list[AttemptRow]:
    told = {(one.task, one.index, one.attempt) for one in taken}
    others = {(one.task, one.index, one.attempt, one.start): one for one in begun}
    left = [one for key, one in others.items() if key[:3] not in told]
    return sorted([*taken, *left], key=lambda one: (one.task, one.index, one.attempt, one.start))


def _slice(run: OpenRun, attempt: AttemptRow, submission: SubmissionRow, end: int | None) -> LogSlice:
    numbers = log_numbers(attempt.element, attempt.start)
    place = json.loads(submission.logs or "{}").get(".".join(map(str, numbers)))
    begin = attempt.log_start or 0
    if place is None:
        path = run.paths.element_log(attempt.submission, *numbers)
        return LogSlice(attempt, path if os.path.exists(path) else None, begin, end)
    base, length = place
    path = run.paths.task_log(attempt.task)
    is_there = os.path.exists(path) and (submission.ended or 0) > (collected_at(run.paths) or -1)
    return LogSlice(
        attempt, path if is_there else None, base + begin, base + (length if end is None else end)
    )


def _ends_of_dead(run: OpenRun, attempts: Sequence[AttemptRow]) -> dict[AttemptRow, int]:
    """Return where the logs of attempts end that their workers did not survive: where the next worker begins."""
    dead = [a for a in attempts if a.log_end is None and a.state is not InstanceState.RUNNING]
    begins: dict[tuple[str, tuple[int, ...]], list[tuple[int, int]]] = {}
    for task in {attempt.task for attempt in dead}:
        for other in run.ledger.attempts(task):
            if other.log_start is not None:
                key = (other.submission, log_numbers(other.element, other.start))
                begins.setdefault(key, []).append((other.start, other.log_start))
    ends = {}
    for attempt in dead:
        here = begins.get((attempt.submission, log_numbers(attempt.element, attempt.start)), [])
        if later := [log for start, log in here if start > attempt.start]:
            ends[attempt] = min(later)
    return ends


def read_slice(found: LogSlice) -> Iterator[bytes]:
    """Stream the bytes of a log; nothing when there is none."""
    if found.path is None:
        return
    try:
        file = open(found.path, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW))  # noqa: SIM115
    except FileNotFoundError:
        return
    with file:
        file.seek(found.start)
        left = None if found.end is None else found.end - found.start
        while block := file.read(1 << 16 if left is None else min(1 << 16, left)):
            yield block
            left = None if left is None else left - len(block)


_RAISED = ("type", "message", "traceback")


def raised_by(attempt: AttemptRow) -> dict[str, Any] | None:
    """Return the ``type``, ``message`` and ``traceback`` of what an attempt raised; None where it raised nothing."""
    told: dict[str, Any] = json.loads(attempt.error) if attempt.error else {}
    return {name: told[name] for name in _RAISED} if "type" in told else None


def traceback_of(attempt: AttemptRow) -> str:
    """Return the traceback of what an attempt raised, ending with a newline; empty where it raised nothing."""
    told = str((raised_by(attempt) or {}).get("traceback") or "")
    return told if told.endswith("\n") or not told else f"{told}\n"


def log_text(found: LogSlice) -> str:
    """Return what an attempt printed and, on lines of its own, the traceback of what it raised."""
    printed = b"".join(read_slice(found)).decode("utf-8", "replace")
    raised = traceback_of(found.attempt)
    return f"{printed}\n{raised}" if raised and printed and not printed.endswith("\n") else printed + raised


def inputs_of(run: OpenRun, attempt: AttemptRow) -> dict[str, str]:
    """Return what an attempt was given, each value in one line for people; empty when that was cleaned up."""
    paths = run.paths.submission(attempt.submission)
    rows = run.ledger.instances(attempt.task, (), {attempt.index})
    if not rows or rows[0].submission != attempt.submission or rows[0].position is None:
        return {}
    try:
        payload = Payload(paths)
    except RunDirError:
        return {}
    try:
        given: dict[str, Any] = {**payload.shared, **payload.line(rows[0].position).values}
    finally:
        payload.close()
    return {name: show(value) for name, value in given.items()}
