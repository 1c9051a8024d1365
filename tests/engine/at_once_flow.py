"""A flow that two processes submit at once: what it returns, and what it notes, tells which of them has worked."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("at-once")
Folder = Annotated[Path, Param("Where calls are noted", track="path")]

WAIT_S = 60.0


def note(folder: Path, call: str) -> None:
    """Note a call by a file of its own."""
    (folder / f"{call}.{os.getppid()}.{os.getpid()}.{time.monotonic_ns()}").touch()


@wf.job
def meet(folder: Folder, parties: int) -> str:
    """Return when so many have come here, what nobody else returns."""
    note(folder, "meet")
    deadline = time.monotonic() + WAIT_S
    while len(list(folder.glob("meet.*"))) < parties:
        assert time.monotonic() < deadline, "the other has not come"
        time.sleep(0.01)
    return f"by {os.getpid()}" if parties > 1 else "alone"


@wf.job
def words(met: Annotated[str, Result("meet")], folder: Folder) -> list[str]:
    note(folder, "words")
    return [f"{met} {letter}" for letter in "abcabc"]


@wf.array_job
def shout(word: Annotated[str, Result("words")], folder: Folder) -> str:
    note(folder, word.replace(" ", "-"))
    return word.upper()


@wf.job
def join(words: Annotated[list[str], Result("shout")], folder: Folder) -> str:
    note(folder, "join")
    return ", ".join(words)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
