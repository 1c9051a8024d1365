"""A chain of tasks of which something can be changed, or fail, at each step."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("asked")


@wf.job
def prepare(items: list[str]) -> list[str]:
    return items


@wf.array_job(time="0:10:00", mem="64M")
def convert(item: Annotated[str, Result("prepare")], scale: float = 1.0, bad: str = "") -> str:
    if bad in (item, "all"):
        raise ValueError(f"cannot convert {item}")
    return f"{item} by {scale}"


@wf.array_job
def check(text: Annotated[str, Result("convert")]) -> int:
    return len(text)


@wf.job
def finalize(
    lengths: Annotated[list[int], Result("check")], texts: Annotated[list[str], Result("convert")]
) -> int:
    return sum(lengths) + len(texts)


@wf.job(after="check")
def tidy() -> None:
    pass


@wf.job(cache=False)
def look() -> int:
    return 1


# Items of which one fails for a reason that is no part of what is asked for


fragile = Workflow("fragile")


@fragile.job
def pieces(items: list[str]) -> list[str]:
    return items


@fragile.array_job
def handle(piece: Annotated[str, Result("pieces")]) -> str:
    if piece == os.environ.get("BREAKS"):
        raise OSError(f"{piece} breaks")
    return piece


# Lists of which the items are taken one by one


flat = Workflow("flat")


@flat.job
def counts(lengths: list[int]) -> list[int]:
    return lengths


@flat.array_job
def lists(length: Annotated[int, Result("counts")], mark: str = "") -> list[str]:
    """Mark the items of short lists."""
    return [f"{length}.{number}{mark if length == 1 else ''}" for number in range(length)]


@flat.array_job
def each(item: Annotated[str, Result("lists")]) -> str:
    return item


# A file between two tasks


filed = Workflow("filed")


@filed.job
def make(folder: Annotated[Path, Param(track="path")]) -> Path:
    made = folder / "made.txt"
    made.write_text("made")
    return made


@filed.job
def use(made: Annotated[Path, Result("make")], folder: Annotated[Path, Param(track="path")]) -> str:
    if (folder / "broken").exists():
        raise ValueError("it is broken")
    return made.read_text()


# A task that is given a record, whose fields stand in an order of their own


recorded = Workflow("recorded")


@dataclass
class Box:
    width: int
    height: int


@recorded.job
def area(box: Box) -> int:
    return box.width * box.height


# A task that fails in a helper of its own


helped = Workflow("helped")


class Unspeakable:
    """Something whose text cannot be made."""

    def __repr__(self) -> str:
        raise RuntimeError


def divide(number: float, by: dict[str, int], *rest: object, token: str = "", **more: object) -> float:
    del token
    return number / by["zero"]


@helped.job
def helps(number: float, token: Annotated[str, Param(secret=True)]) -> float:
    number += 1
    return divide(number, {"zero": 0}, Unspeakable(), token, "x" * 1000, token=token, quoted=[token])


# A task that fails without raising an exception


ending = Workflow("ending")


@ending.job
def ends(how: str) -> int:
    if how == "exits":
        sys.exit(3)
    if how == "takes its time":
        print("what it printed")
        time.sleep(0.3)
    if how == "is killed":
        held = bytearray(400 << 20)
        os.kill(os.getpid(), len(held) and signal.SIGKILL)
    return "one"  # type: ignore[return-value]
