"""Flows for whole runs on a real cluster; files in the run directory tell what began, and open gates."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

from reflow import Param, Result, RunDir, TaskInterrupted, Workflow

# A chain --------------------------------------------------------------------------------------------------

chain = Workflow("chain")


@chain.job
def numbers(count: Annotated[int, Param(help="How many")]) -> list[int]:
    return list(range(count))


@chain.array_job
def double(n: Annotated[int, Result("numbers")]) -> int:
    return 2 * n


@chain.array_job
def next_one(n: Annotated[int, Result("double")]) -> int:
    return n + 1


@chain.job
def total(found: Annotated[list[int], Result("next_one")]) -> int:
    return sum(found)


# Gates ----------------------------------------------------------------------------------------------------


def pass_gate(run_dir: RunDir, name: str) -> str:
    """Say that one is there, and wait until the gate is opened."""
    folder = Path(run_dir)
    (folder / f"began-{name}").touch()
    while not any((folder / gate).exists() for gate in ("open", f"open-{name}")):
        time.sleep(0.05)
    return name


gates = Workflow("gates")


@gates.job
def names(count: Annotated[int, Param(help="How many")]) -> list[str]:
    return [str(number) for number in range(count)]


@gates.array_job(array_parallelism=4)
def gated(name: Annotated[str, Result("names")], run_dir: RunDir = RunDir()) -> str:
    return pass_gate(run_dir, name)


@gates.array_job
def behind(name: Annotated[str, Result("gated")]) -> str:
    return name


branches = Workflow("branches")


@branches.job
def slow(run_dir: RunDir = RunDir()) -> str:
    return pass_gate(run_dir, "slow")


@branches.job
def fast_1() -> int:
    return 1


@branches.job
def fast_2(before: Annotated[int, Result("fast_1")]) -> int:
    return before + 1


@branches.job
def fast_3(before: Annotated[int, Result("fast_2")], run_dir: RunDir = RunDir()) -> int:
    (Path(run_dir) / "fast").touch()
    return before + 1


def save_and_go(run_dir: RunDir, name: str) -> str:
    """Wait at a gate, and write something when asked to end."""
    try:
        return pass_gate(run_dir, name)
    except TaskInterrupted:
        (Path(run_dir) / f"saved-{name}").touch()
        raise


patient = Workflow("patient")


@patient.job(time="01:00:00")
def patience(run_dir: RunDir = RunDir()) -> str:
    return save_and_go(run_dir, "patient")


restarted = Workflow("restarted")


@restarted.job(requeue=True)
def turns(run_dir: RunDir = RunDir()) -> str:
    with open(Path(run_dir) / "turns", "a") as file:
        file.write("turn\n")
    print("a turn")
    return pass_gate(run_dir, "turns")


@restarted.job
def after_turns(before: Annotated[str, Result("turns")]) -> str:
    return before


limited = Workflow("limited")


@limited.job(time="00:01:00")
def too_long(run_dir: RunDir = RunDir()) -> str:
    return save_and_go(run_dir, "too-long")


@limited.job
def after_too_long(before: Annotated[str, Result("too_long")]) -> str:
    return before


# Packs ----------------------------------------------------------------------------------------------------

packs = Workflow("packs")


@packs.job
def parts(count: Annotated[int, Param(help="How many")]) -> list[int]:
    return list(range(count))


@packs.array_job(pack=10, workers=4, retries=1, mem="50M", time="00:02:00")
def packed(n: Annotated[int, Result("parts")], run_dir: RunDir = RunDir()) -> int:
    """Have its worker die in the seventh, once."""
    print("part", n)
    if n == 7 and not (Path(run_dir) / "died").exists():
        (Path(run_dir) / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * n


@packs.job
def sum_up(found: Annotated[list[int], Result("packed")]) -> int:
    return sum(found)


# Faults ---------------------------------------------------------------------------------------------------

faults = Workflow("cluster-faults")


@faults.job
def kinds() -> list[str]:
    return ["well", "raises", "exits", "dies", "fine"]


@faults.array_job
def suffer(kind: Annotated[str, Result("kinds")]) -> str:
    if kind == "raises":
        raise ValueError("no such grid")
    if kind == "exits":
        sys.exit(3)
    if kind == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return kind


@faults.array_job
def go_on(kind: Annotated[str, Result("suffer")]) -> str:
    return kind


unmarked = Workflow("unmarked")


@unmarked.job
def dies_unmarked() -> str:
    """Have this process die when its outcome is sealed, where it would say that it is through."""
    from reflow.worker import element

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    element.mark_done = die  # type: ignore[assignment]
    return "sealed"


@unmarked.job
def after_unmarked(before: Annotated[str, Result("dies_unmarked")]) -> str:
    return before


# Files made one from the other ----------------------------------------------------------------------------

line = Workflow("line")


def _made(run_dir: Path, task: str, name: str, text: str = "") -> Path:
    file = run_dir / f"{task}-{name}"
    file.write_text(f"{text}{task} ")
    with open(run_dir / "calls", "a") as calls:
        calls.write(f"{file.name}\n")
    return file


def is_whole(file: Path) -> bool:
    """Say that a file is whole as long as nobody says otherwise."""
    return file.stat().st_size > 0


@line.job
def letters() -> list[str]:
    return ["p", "q", "r"]


@line.array_job
def one(name: Annotated[str, Result("letters")], run_dir: RunDir = RunDir()) -> Path:
    return _made(run_dir, "one", name)


@line.array_job(verify=is_whole)
def two(file: Annotated[Path, Result("one")], run_dir: RunDir = RunDir()) -> Path:
    return _made(run_dir, "two", file.name[-1], file.read_text())


@line.array_job
def three(file: Annotated[Path, Result("two")], run_dir: RunDir = RunDir()) -> Path:
    return _made(run_dir, "three", file.name[-1], file.read_text())


@line.array_job
def four(file: Annotated[Path, Result("three")], run_dir: RunDir = RunDir()) -> str:
    if (run_dir / f"broken-{file.name[-1]}").exists():
        raise ValueError("broken")
    return _made(run_dir, "four", file.name[-1], file.read_text()).read_text()
