"""Which run a text means."""

from __future__ import annotations

from collections.abc import Sequence

from reflow.errors import UnknownRun

NEWEST = "@last"


def resolve(reference: str, ids: Sequence[str], place: str) -> str:
    """Return the one id that a text means: the whole id, a unique part of it, or ``@last``.

    Args:
        ids: All there are, newest first.
        place: Where was looked, for the message.

    Raises:
        UnknownRun: None is meant, or several are.
    """
    if reference in ids:
        return reference
    found = list(ids[:1]) if reference == NEWEST else [one for one in ids if reference and reference in one]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownRun(f"no run is called {reference!r} in {place}; see: reflow runs")
    listed = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
    raise UnknownRun(f"{reference!r} means {len(found)} runs in {place}: {listed}; write more of the id")
