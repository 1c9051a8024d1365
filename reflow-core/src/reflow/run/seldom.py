"""Questions that cost something, and are asked again only after a while."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from reflow.run.clock import monotonic_s

_K = TypeVar("_K", bound=Hashable)


class Seldom(Generic[_K]):
    """Whether something has happened: asked again after some time while it has not, never once it has."""

    def __init__(self, ask: Callable[[_K], bool], every_s: float) -> None:
        self._ask = ask
        self._every_s = every_s
        self._told: dict[_K, tuple[float, bool]] = {}

    def __call__(self, about: _K) -> bool:
        """Return the answer, which may be as old as that."""
        asked, has_happened = self._told.get(about, (None, False))
        if not has_happened and (asked is None or monotonic_s() - asked >= self._every_s):
            has_happened = self._ask(about)
            self._told[about] = monotonic_s(), has_happened
        return has_happened
