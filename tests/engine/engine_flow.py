"""Flows whose tasks tell when they are called, and fail when they are told to."""

from __future__ import annotations

from typing import Annotated

from reflow import Result, Workflow

CALLS: list[tuple[str, int]] = []
FAILS: dict[tuple[str, int], int] = {}  #: how often a call fails before it goes well

ITEMS = [0, 1, 2, 2, 4]


def called(task: str, n: int) -> None:
    CALLS.append((task, n))
    if FAILS.get((task, n), 0) > 0:
        FAILS[task, n] -= 1
        raise ValueError(f"{task} {n} was told to fail")


def make(pack: int, retries: int, **asked: int) -> Workflow:
    """Return a flow in which a wide task with a chain behind it is gathered, beside a task of its own."""
    flow = Workflow(f"engine{pack}{retries}" + "-".join(asked))

    @flow.job()
    def source() -> list[int]:
        called("source", 0)
        return ITEMS

    @flow.array_job(pack=pack, retries=retries, mem="1G", time="1:00:00", **asked)
    def work(n: Annotated[int, Result(step="source")]) -> int:
        called("work", n)
        return n + 10

    @flow.array_job(retries=retries)
    def then(m: Annotated[int, Result(step="work")]) -> int:
        called("then", m)
        return m * 2

    @flow.job()
    def total(numbers: Annotated[list[int], Result(step="then")]) -> int:
        called("total", len(numbers))
        return sum(numbers)

    @flow.job()
    def side() -> int:
        called("side", 0)
        return 7

    return flow


FLOWS = {f"flow_{pack}_{retries}": make(pack, retries) for pack in (1, 2) for retries in (0, 1)}
FLOWS["limited"] = make(1, 0, array_parallelism=2)
globals().update(FLOWS)

EXPECTED = {
    "source": ["[0,1,2,2,4]"],
    "work": [str(n + 10) for n in ITEMS],
    "then": [str((n + 10) * 2) for n in ITEMS],
    "total": [str(sum((n + 10) * 2 for n in ITEMS))],
    "side": ["7"],
}
