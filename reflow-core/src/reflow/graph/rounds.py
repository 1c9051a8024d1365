"""Answers that depend on one another, found by asking until none of them grows any more."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Rounds(Generic[Answer]):
    """Remembers answers; a question that comes up while it is asked has, for now, the answer that it had before."""

    def __init__(self, nothing: Answer) -> None:
        """Begin with what every question is answered first."""
        self._nothing = nothing
        self._answers: dict[Hashable, Answer] = {}
        self._settled: set[Hashable] = set()
        self._asked: set[Hashable] = set()  # in this round
        self._open: set[Hashable] = set()  # that wait for others
        self._is_circle = self._has_grown = False

    def ask(self, question: Hashable, find: Callable[[], Answer]) -> Answer:
        """Return the answer to a question; the outermost asks again as long as some went in a circle and grew."""
        if question in self._settled or question in self._asked:
            self._is_circle = self._is_circle or question in self._open
            return self._answers[question]
        is_outermost = not self._open
        while True:
            self._ask_once(question, find)
            if not is_outermost or not (self._is_circle and self._has_grown):
                break
            self._begin()
        if is_outermost:
            self._settled |= self._asked
            self._begin()
        return self._answers[question]

    def _begin(self) -> None:
        self._asked = set()
        self._is_circle = self._has_grown = False

    def _ask_once(self, question: Hashable, find: Callable[[], Answer]) -> None:
        before = self._answers.setdefault(question, self._nothing)
        self._asked.add(question)
        self._open.add(question)
        found = self._answers[question] = find()
        self._open.remove(question)
        self._has_grown = self._has_grown or found != before
