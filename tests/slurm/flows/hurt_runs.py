"""Flows for runs to which bad things happen on a real cluster."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Annotated

from real_runs import pass_gate

from reflow import Param, Result, RunDir, TaskInterrupted, Workflow


def die(*_: object) -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def first_time(run_dir: RunDir, name: str) -> bool:
    """Say that one is there, and return whether nobody had said so before."""
    try:
        (Path(run_dir) / f"been-{name}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


# Killed at the end ----------------------------------------------------------------------------------------

unsaid = Workflow("unsaid")


@unsaid.job
def three() -> list[int]:
    return [0, 1, 2]


@unsaid.array_job(retries=1)
def dies_unsaid(number: Annotated[int, Result("three")], run_dir: RunDir = RunDir()) -> int:
    """Have the process of the last element die when it would say what came of its first attempt."""
    from reflow.rundir.segment import Segment

    if number == 2 and first_time(run_dir, "last"):
        Segment.ended = die  # type: ignore[assignment,method-assign]
    return number


@unsaid.job
def after_unsaid(found: Annotated[list[int], Result("dies_unsaid")]) -> list[int]:
    return found


unmarked = Workflow("unmarked-last")


@unmarked.job
def again_three() -> list[int]:
    return [0, 1, 2]


@unmarked.array_job
def dies_unmarked(number: Annotated[int, Result("again_three")]) -> int:
    """Have the process of the last element die when its outcome is sealed, where it would say that it is through."""
    from reflow.worker import element

    if number == 2:
        element.mark_done = die  # type: ignore[assignment]
    return number


@unmarked.job
def after_unmarked(found: Annotated[list[int], Result("dies_unmarked")]) -> list[int]:
    return found


# Counted --------------------------------------------------------------------------------------------------

counted = Workflow("counted")


@counted.job
def things(count: Annotated[int, Param(help="How many")]) -> list[str]:
    return [str(number) for number in range(count)]


@counted.array_job
def count_calls(name: Annotated[str, Result("things")], run_dir: RunDir = RunDir()) -> str:
    """Leave a line for each call, and wait at the gate."""
    with open(Path(run_dir) / f"calls-{name}", "a") as calls:
        calls.write(f"{os.environ['SLURM_ARRAY_JOB_ID']}\n")
    return pass_gate(run_dir, name)


@counted.job
def after_counted(names: Annotated[list[str], Result("count_calls")]) -> list[str]:
    return names


# One gate, and what follows -------------------------------------------------------------------------------

gate = Workflow("gate")


@gate.job(retries=2)
def before_gate(run_dir: RunDir = RunDir()) -> str:
    return pass_gate(run_dir, "gate")


@gate.job
def behind_gate(before: Annotated[str, Result("before_gate")]) -> str:
    return before


vanishing = Workflow("vanishing")


@vanishing.job
def vanishes(run_dir: RunDir = RunDir()) -> str:
    """Die once the gate is open."""
    name = pass_gate(run_dir, "vanishing")
    die()
    return name


whole_node = Workflow("whole-node")


@whole_node.job(cpus=8)
def fills_node(run_dir: RunDir = RunDir()) -> str:
    return pass_gate(run_dir, "node")


@whole_node.job
def behind_node(before: Annotated[str, Result("fills_node")]) -> str:
    return before


on_n3 = Workflow("on-n3")


@on_n3.array_job(submit_options=["--nodelist=n3"])
def stays_on_n3(name: Annotated[str, Result("two")], run_dir: RunDir = RunDir()) -> str:
    return pass_gate(run_dir, name)


@on_n3.job
def two() -> list[str]:
    return ["a", "b"]


@on_n3.job
def after_n3(names: Annotated[list[str], Result("stays_on_n3")]) -> list[str]:
    return names


in_debug = Workflow("in-debug")


@in_debug.job(partition="debug")
def in_partition() -> str:
    return "there"


misplaced = Workflow("misplaced")


@misplaced.job(partition="nowhere")
def without_partition() -> int:
    return 1


@misplaced.job(account="nobody")
def without_account() -> int:
    return 1


@misplaced.job
def in_place() -> int:
    return 1


@misplaced.job
def after_misplaced(before: Annotated[int, Result("without_partition")]) -> int:
    return before


# Cancel ---------------------------------------------------------------------------------------------------

stubborn = Workflow("stubborn")


@stubborn.job
def is_late(run_dir: RunDir = RunDir()) -> str:
    """Come to an end in spite of being told to end."""
    try:
        return pass_gate(run_dir, "late")
    except TaskInterrupted:
        time.sleep(1.0)
        (Path(run_dir) / "was-late").touch()
        return "late"


@stubborn.job
def behind_late(before: Annotated[str, Result("is_late")]) -> str:
    return before


packed = Workflow("packed")


@packed.job
def six() -> list[str]:
    return [str(number) for number in range(6)]


@packed.array_job(pack=3)
def in_pack(name: Annotated[str, Result("six")], run_dir: RunDir = RunDir()) -> str:
    return pass_gate(run_dir, name)


# Memory ---------------------------------------------------------------------------------------------------

hungry = Workflow("hungry")


@hungry.job(mem="60M")
def takes_too_much() -> int:
    taken = b"x" * 400_000_000
    time.sleep(60)
    return len(taken)


@hungry.job(mem="60M", retries=1)
def takes_too_much_once(run_dir: RunDir = RunDir()) -> int:
    return takes_too_much() if first_time(run_dir, "hungry") else 1
