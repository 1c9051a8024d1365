"""A real disk for the functions of a flow, which note their calls where reflow does not see it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cache_flow import LETTERS, Task, call, paths_of

FIRST_TICK_S = 1_500_000_000

here: list[Disk] = []  #: the one that functions work on


class Disk:
    """A directory in which time goes by with each write only, by whole seconds."""

    def __init__(self, folder: Path, tasks: tuple[Task, ...], broken: set[int]) -> None:
        folder.mkdir()
        self.folder = folder
        self.tasks = tasks
        self.broken = broken
        self.calls: list[str] = []
        self._clock = FIRST_TICK_S

    def tick(self) -> int:
        self._clock += 1
        return self._clock

    def look(self, name: str) -> tuple[str, int] | None:
        path = self.folder / name
        if not path.exists():
            return None
        return path.read_text(), int(path.stat().st_mtime)

    def put(self, name: str, text: str, time: int) -> None:
        path = self.folder / name
        path.write_text(text)
        os.utime(path, ns=(time * 10**9, time * 10**9))

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def note(self, text: str) -> None:
        self.calls.append(text)

    def read(self, path: Path) -> str:
        assert path.parent == self.folder
        return path.read_text()

    def write(self, name: str, text: str) -> Path:
        self.put(name, text, self.tick())
        return self.folder / name


def called(number: int, code: int, given: Mapping[str, Any]) -> Any:
    """Do what the function of a task does."""
    (disk,) = here
    return call(disk, number, disk.tasks[number], code, given)


def reads_well(output: Any) -> bool:
    """Accept files with nothing but what tasks write."""
    return all({*path.read_text()} <= {*LETTERS} for path in paths_of(output))
