"""A run as the oracle has it: its instances, and what each was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cache_flow import Settings
from cache_memory import Row, Stamps

PENDING, SUCCEEDED, REUSED, FAILED, SKIPPED = "pending", "succeeded", "reused", "failed", "skipped"
KEPT = (SUCCEEDED, REUSED)

Chosen = set[tuple[int, int]]  #: instances, by number of the task and index


class Instance:
    """One task with one set of inputs, in one run."""

    def __init__(self, index: int, identity: Any = None, state: str = PENDING) -> None:
        self.index, self.identity, self.state = index, identity, state
        self.given: dict[str, Any] = {}
        self.files: list[tuple[Path, Any, bool]] = []  # with their stamps, and whether a task returned them
        self.made_from: Chosen = set()
        self.row: Row | None = None
        self.is_fresh = False  # nothing from before is to be taken for it
        self.was: Any = None  # what it returned before it was made again, as others see that


class Run:
    """One run, with all that was true when it was submitted; a task without instances is a word."""

    def __init__(
        self, settings: Mapping[int, Settings], given: Mapping[str, Any], forced: set[int], verify: bool
    ):
        self.settings, self.given, self.forced, self.verify = dict(settings), dict(given), forced, verify
        self.contents: dict[str, Any] = {}
        self.stamps: dict[str, Stamps] = {}
        self.tasks: dict[int, list[Instance] | str] = {}

    def instances(self, number: int) -> list[Instance]:
        found = self.tasks.get(number, "")
        return [] if isinstance(found, str) else found

    def all_of(self, number: int) -> Chosen:
        return {(number, one.index) for one in self.instances(number)}

    def kept(self) -> Iterator[tuple[int, Instance]]:
        for number in self.tasks:
            yield from ((number, one) for one in self.instances(number) if one.state in KEPT)

    def is_whole(self, number: int) -> bool:
        """Whether every instance of a task has succeeded."""
        found = self.tasks[number]
        return not isinstance(found, str) and all(one.state in KEPT for one in found)

    @property
    def has_failed(self) -> bool:
        return any(found == FAILED for found in self.tasks.values()) or any(
            one.state == FAILED for number in self.tasks for one in self.instances(number)
        )


def built_on(run: Run, chosen: Chosen) -> Chosen:
    """Return instances, and all that was made from what they returned."""
    found = set(chosen)
    for number in run.tasks:
        found |= {(number, one.index) for one in run.instances(number) if one.made_from & found}
    return found
