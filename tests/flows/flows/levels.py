"""Workflows in levels, each of which takes what the one before returned; the last one fails until it is mended."""

from __future__ import annotations

from typing import Annotated, Any

from noting import note

from reflow import Result, RunDir, Workflow

END = {
    "gather": 14,
    "flat": 28,
    "value": 28,
    "both": 38,
    "equal": 2,
}  #: what the end comes to, by how the levels are joined


def make(joined: str, *, cached: bool) -> Workflow:
    """Make a workflow of a kind, whose first level is reused or made by each run."""
    wf = Workflow(f"levels_{joined}")

    @wf.job(cache=cached)
    def first(run_dir: RunDir = RunDir()) -> list[int]:
        note(run_dir, "first")
        return [1, 2, 3]

    _LEVELS[joined](wf)

    @wf.job
    def last(found: Annotated[int, Result("total")], more: int = 0, run_dir: RunDir = RunDir()) -> int:
        note(run_dir, f"last {found}")
        if more and not (run_dir / "mended").exists():
            raise ValueError("last is broken")
        return found + more

    return wf


def _gather(wf: Workflow) -> None:
    @wf.array_job
    def square(i: Annotated[int, Result("first")]) -> int:
        return i * i

    @wf.job
    def total(found: Annotated[list[int], Result("square")]) -> int:
        return sum(found)


def _flat(wf: Workflow) -> None:
    @wf.array_job
    def square(i: Annotated[int, Result("first")]) -> list[int]:
        return [i * i] * 2

    @wf.array_job
    def same(i: Annotated[int, Result("square")]) -> int:
        return i

    @wf.job
    def total(
        found: Annotated[list[int], Result("square")], same: Annotated[list[int], Result("same")]
    ) -> int:
        return max(sum(found), sum(same))


def _value(wf: Workflow) -> None:
    @wf.job
    def square(found: Annotated[list[int], Result("first")]) -> list[int]:
        return [i * i for i in found]

    @wf.array_job
    def twice(i: Annotated[int, Result("square")], every: Annotated[list[int], Result("square")]) -> int:
        return i * 2 if len(every) == 3 else 0

    @wf.array_job
    def chained(i: Annotated[int, Result("twice")]) -> int:
        return i

    @wf.job
    def total(found: Annotated[list[int], Result("chained")]) -> int:
        return sum(found)


def _both(wf: Workflow) -> None:
    @wf.job(cache=False)
    def own() -> list[int]:
        return [7, 8, 9]

    @wf.array_job
    def square(i: Annotated[int, Result("first")]) -> int:
        return i * i

    @wf.job
    def total(found: Annotated[list[int], Result(steps=["own", "square"])]) -> int:
        return sum(found)


def _equal(wf: Workflow) -> None:
    @wf.array_job
    def half(i: Annotated[int, Result("first")]) -> int:
        return i // 2

    @wf.array_job
    def square(i: Annotated[int, Result("half")]) -> int:
        return i * i

    @wf.job
    def total(found: Annotated[list[int], Result("square")]) -> int:
        return sum(found)


_LEVELS: dict[str, Any] = {
    "gather": _gather,
    "flat": _flat,
    "value": _value,
    "both": _both,
    "equal": _equal,
}
