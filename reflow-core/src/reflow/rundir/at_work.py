"""What is at work of an open submission, as its files say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping

from reflow.rundir.elements import unfinished_elements
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import generation, parse_name

_ENOUGH = 512  #: bytes, more than the line of a start has
_START = b'{"k":"s"'


Starts = Mapping[str, int]  #: how often each of some elements had been claimed, by its number as text


def count_at_work(sub: SubmissionPaths, stopped: Starts | None = None) -> int:
    """Count the workers whose newest line says that an instance was begun, or the elements at work, if these are more.

    At work is what was claimed and is not through.

    Args:
        stopped: Elements that are not, as far as they were not claimed again since; see `begun_elements`.
    """
    claims = _claims(sub)
    idle = _idle(claims, stopped)
    parts = [name for name, element, _ in newest_parts(sub) if element not in idle]
    begun = sum(_ends_with_a_start(os.path.join(sub.outcomes, name)) for name in parts)
    return max(begun, len(unfinished_elements(sub, claims.keys() - idle)))


def idle_elements(sub: SubmissionPaths, stopped: Starts | None) -> set[int]:
    """Return the elements that had stopped and were not claimed again since; see `begun_elements`."""
    return _idle(_claims(sub), stopped) if stopped else set()


def _idle(claims: Counter[int], stopped: Starts | None) -> set[int]:
    return {int(element) for element, starts in (stopped or {}).items() if claims[int(element)] <= starts}


def begun_elements(sub: SubmissionPaths, elements: Collection[int]) -> dict[str, int]:
    """Return which of some elements were claimed and are not through, and how often they were claimed."""
    claims = _claims(sub) if elements else Counter[int]()
    return {str(e): claims[e] for e in sorted(unfinished_elements(sub, claims.keys() & set(elements)))}


def _claims(sub: SubmissionPaths) -> Counter[int]:
    """Count the claims of each element: one that was started again has several."""
    names = (name.split(".") for name in _listed(sub.claims) if not name.endswith(".tmp"))
    return Counter(int(name[0]) for name in names if name[0].isdigit())


def newest_parts(sub: SubmissionPaths) -> list[tuple[str, int, int]]:
    """Return the parts of the last start of each element, with element and start.

    One of an earlier start was left by a worker that died.
    """
    found = [(parsed, name) for name in _listed(sub.outcomes) if (parsed := parse_name(name)) is not None]
    last: dict[int, int] = {}
    for (element, start, _), _ in found:
        last[element] = max(generation(start), last.get(element, 0))
    return [
        (name, element, start)
        for (element, start, seq), name in found
        if seq is None and generation(start) == last[element]
    ]


def _ends_with_a_start(path: str) -> bool:
    try:
        with open(path, "rb", buffering=0) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _ENOUGH))
            lines = file.read(_ENOUGH).splitlines(keepends=True)
    except OSError:  # sealed a moment ago
        return False
    whole = [line for line in lines if line.endswith(b"\n")]
    return bool(whole) and whole[-1][9:].startswith(_START)


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
