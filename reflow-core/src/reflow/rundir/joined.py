"""The one file that is left of the outcomes of a submission: with the payload, all that a ledger can be rebuilt from.

Its lines are framed as in a segment. Each segment follows a line that names it; then come the instances that came
to nothing, the attempts of which no worker could tell how they ended, and a last line about the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reflow.filesystem.files import read_bytes
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import AttemptRow, InstanceRow
from reflow.model.states import InstanceState
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import Outcome, framed, is_sound, outcome_of

Logs = Mapping[
    str, Sequence[int]
]  #: where each log begins in that of its task and how long it is, by its numbers


class Fate(NamedTuple):
    """How an instance stood when its submission ended that had no output."""

    state: InstanceState
    attempt: int
    reason: str | None
    tries: str | None


class Joined(NamedTuple):
    """What the file says; lines that are not as they were written are left out.

    Attributes:
        segments: Their outcomes, by their names, in the order in which they were joined.
        fates: By index.
        ended: When the submission ended, or None where the last line is lost.
    """

    segments: Mapping[str, Sequence[Outcome]]
    fates: Mapping[int, Fate]
    deaths: Sequence[AttemptRow]
    ended: int | None
    logs: Logs


def joined_lines(
    segments: Iterable[tuple[str, bytes]],
    left: Iterable[InstanceRow],
    deaths: Iterable[AttemptRow],
    ended: int,
    logs: Logs,
) -> Iterator[bytes]:
    """Yield the content of the file.

    Args:
        segments: Names and content.
        left: Instances that failed or were cancelled.
    """
    for name, data in segments:
        yield framed(json.dumps({"k": "f", "n": name}))
        yield data if data.endswith(b"\n") or not data else data + b"\n"
    for row in left:
        fate = {
            "k": "i",
            "i": row.index,
            "s": row.state.value,
            "a": row.attempt,
            "r": row.reason,
            "t": row.tries,
        }
        yield framed(json.dumps(fate))
    for attempt in deaths:
        yield framed(json.dumps({"k": "a", "a": [*attempt]}))
    yield framed(json.dumps({"k": "z", "t": ended, "l": logs}))


def read_joined(sub: SubmissionPaths) -> Joined | None:
    """Return what is left of the outcomes of a submission, or None while it is open."""
    try:
        data = read_bytes(sub.joined)
    except OSError:
        return None
    segments: dict[str, list[Outcome]] = {}
    fates: dict[int, Fate] = {}
    deaths: list[AttemptRow] = []
    ended: int | None = None
    logs: Logs = {}
    outcomes: list[Outcome] = []
    for line in data.split(b"\n"):
        if not is_sound(line):
            continue
        head, tab, value = line[9:].partition(b"\t")
        said: dict[str, Any] = json.loads(head)
        kind = said["k"]
        if kind == "f":
            outcomes = segments.setdefault(said["n"], [])
        elif kind == "i":
            fates[said["i"]] = Fate(InstanceState(said["s"]), said["a"], said["r"], said["t"])
        elif kind == "a":
            row = AttemptRow(*said["a"])
            deaths.append(row._replace(state=InstanceState(row.state)))
        elif kind == "z":
            ended, logs = said["t"], said["l"]
        else:
            outcomes.append(outcome_of(said, value.decode("ascii") if tab else None))
    return Joined(segments, fates, deaths, ended, logs)
