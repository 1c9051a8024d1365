"""What was handed over in a run, as the files of its submissions tell it: without the ledger."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reflow.errors import RunDirError
from reflow.filesystem.files import read_bytes
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import AttemptRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.ingest import STATES, Batch, attempt_row
from reflow.run.small_jobs import NET, is_small, watched
from reflow.rundir.joined import Fate, Joined, read_joined
from reflow.rundir.layout import RunPaths, SubmissionPaths
from reflow.rundir.outcomes import Outcome, list_segments, parse_name, read_segment
from reflow.rundir.payload import Payload

#: never submitted; it keeps its number from another that the ledger did not know either
_GIVEN_UP = "given_up"
_ENDS = {"failed": InstanceState.FAILED, "cancelled": InstanceState.CANCELLED}


class Handed(NamedTuple):
    """An instance in a submission: what it was given is known by its identity, as 64 hex digits."""

    position: int
    attempt: int
    identity: str


class Submitted(NamedTuple):
    """One submission.

    Attributes:
        instances: What was handed over, by index.
        segments: What its workers said that was sealed, by the names of the segments.
        joined: What became of it, once it has ended.
        refusal: Why it was not taken, if it was refused.
    """

    row: SubmissionRow
    instances: Mapping[int, Handed]
    segments: Mapping[str, Sequence[Outcome]]
    joined: Joined | None
    refusal: str

    @property
    def last_attempts(self) -> Iterator[tuple[int, int]]:
        """Yield index and number of every attempt that is known of."""
        for index, handed in self.instances.items():
            yield index, handed.attempt
        for outcome in self.outcomes:
            yield outcome.index, outcome.attempt

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """Yield all lines of its workers."""
        for lines in self.segments.values():
            yield from lines

    @property
    def successes(self) -> dict[int, Outcome]:
        """The first success of each instance: what a worker does again after that changes nothing."""
        found: dict[int, Outcome] = {}
        for outcome in self.outcomes:
            if outcome.kind == "e" and outcome.state == "succeeded" and outcome.output is not None:
                found.setdefault(outcome.index, outcome)
        return found

    @property
    def ends(self) -> dict[int, Fate]:
        """How instances ended without success, as workers said: where nothing later says so, or that is lost."""
        if self.joined is not None and self.joined.ended is not None:
            return {}
        return {
            o.index: Fate(_ENDS[o.state], o.attempt, o.reason or None, None)
            for o in self.outcomes
            if o.kind == "e" and o.state in _ENDS and not (o.again or o.charge == "crash")
        }

    def attempts(self) -> Iterator[AttemptRow]:
        """Yield the tries whose end is known."""
        for name, lines in self.segments.items():
            if (parsed := parse_name(name)) is None:
                continue
            batch = Batch(self.row.token, parsed[0], parsed[1], name, lines)
            for last, begun in batch.tries():
                if last.kind == "e":
                    yield attempt_row(batch, self.row.task, last, begun, STATES[last.state])
        yield from self.joined.deaths if self.joined else ()


def read_submitted(paths: RunPaths, tasks: Mapping[str, object]) -> list[Submitted]:
    """Return the submissions of a run, oldest first; those of which the request or the payload is lost are left out.

    Of reflow's own small jobs only those that may still be of use.
    """
    names = os.listdir(paths.jobs) if os.path.isdir(paths.jobs) else []
    read = (_read(paths.submission(name)) for name in names if len(name) == 20)
    known = [one for one in read if one is not None]
    small = sorted((one for one in known if is_small(one.row)), key=lambda one: one.row.created)
    numbered: dict[int, Submitted] = {}
    for one in known:
        if one.row.task in tasks:
            other = numbered.setdefault(one.row.number, one)
            numbered[one.row.number] = max(one, other, key=lambda each: _certainty(paths, each))
    found = [*small, *(numbered[number] for number in sorted(numbered))]
    alive = {one.row.token for one in found if not is_small(one.row) and one.row.state in ("intent", "open")}
    nets = [one.row.token for one in found if one.row.task == NET][-1:] if alive else []
    return [
        one
        for one in found
        if one.row.state != _GIVEN_UP
        and (not is_small(one.row) or one.row.token in nets or watched(one.row) & alive)
    ]


def _certainty(paths: RunPaths, one: Submitted) -> tuple[bool, int]:
    """Return what tells of two submissions of one number which the ledger knew.

    A coordinator that was killed before it wrote down what it had prepared leaves files whose number another takes.
    """
    is_known = one.row.state != "intent" or _is_claimed(paths.submission(one.row.token))
    return is_known, one.row.created


def _is_claimed(sub: SubmissionPaths) -> bool:
    return os.path.isdir(sub.claims) and bool(os.listdir(sub.claims))


def _read(sub: SubmissionPaths) -> Submitted | None:
    try:
        asked: dict[str, Any] = json.loads(read_bytes(sub.request))
        row = SubmissionRow(
            asked["token"], asked["number"], asked["task"], asked["count"], 0, 1, "intent", asked["created"]
        )
        answer = _answer(sub)
        if is_small(row):
            return Submitted(row, {}, {}, None, "")
        if _GIVEN_UP in answer and not _is_claimed(sub):
            return Submitted(row._replace(state=_GIVEN_UP), {}, {}, None, "")
        payload = Payload(sub)
    except (OSError, ValueError, KeyError, TypeError, RunDirError):
        return None
    try:
        instances = {
            one.index: Handed(position, one.attempt, one.identity)
            for position, one in enumerate(payload.lines(0, payload.count))
        }
    except (OSError, ValueError, TypeError, RunDirError):
        return None
    finally:
        payload.close()
    joined = read_joined(sub)
    row = row._replace(
        instances=len(instances),
        pack=asked["pack"],
        native_id=answer.get("native_id"),
        state=_state(sub, joined, answer),
    )
    if joined is not None and row.state == "ended":
        row = row._replace(ended=joined.ended or row.created, logs=json.dumps(joined.logs))
    if joined is None or row.state != "ended":
        return Submitted(row, instances, _sealed(sub), None, answer.get("refused", ""))
    return Submitted(row, instances, joined.segments, joined, "")


def _sealed(sub: SubmissionPaths) -> dict[str, list[Outcome]]:
    """Return what the workers of a submission said that has not ended."""
    if not os.path.isdir(sub.outcomes):
        return {}
    names = list_segments(sub.outcomes)
    return {name: read_segment(os.path.join(sub.outcomes, name))[0] for name in names}


def _state(sub: SubmissionPaths, joined: Joined | None, answer: Mapping[str, str]) -> str:
    if joined is not None and (joined.ended is not None or not os.path.isdir(sub.outcomes)):
        return "ended"
    if "refused" in answer:
        return "refused"
    return "open" if "native_id" in answer else "intent"


def _answer(sub: SubmissionPaths) -> dict[str, str]:
    """Return what the executor answered; a receipt that was not written whole is none."""
    try:
        said = json.loads(read_bytes(sub.receipt))
    except (OSError, ValueError):
        return {}
    return {key: str(value) for key, value in said.items()} if isinstance(said, dict) else {}
