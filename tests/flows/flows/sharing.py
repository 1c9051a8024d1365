"""Flows that are included in several workflows, and workflows whose tasks have the same names."""

from __future__ import annotations

from typing import Annotated

from noting import note

from reflow import Flow, Result, RunDir, Workflow

shared = Flow("shared")


@shared.job
def load(model: str, run_dir: RunDir = RunDir()) -> list[str]:
    note(run_dir, "load", model)
    return [f"{model}{i}" for i in range(2)]


@shared.array_job
def convert(item: Annotated[str, Result("load")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "convert", item)
    return item.upper()


one = Workflow("one")
one.include(shared)

two = Workflow("two")
two.include(shared, prefix="p")

bound = Workflow("bound")
bound.include(shared, params={"model": "era"})

twice = Workflow("twice")
twice.include(shared, prefix="a", params={"model": "era"})
twice.include(shared, prefix="b", params={"model": "era"})


@twice.job
def both(
    a: Annotated[list[str], Result("a_convert")], b: Annotated[list[str], Result("b_convert")]
) -> list[str]:
    return [*a, *b]


outer = Flow("outer")
outer.include(shared, prefix="x")
nested = Workflow("nested")
nested.include(outer, prefix="y")


def same(run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "same")
    return "same"


left, right = Workflow("left"), Workflow("right")
left.job(same)
right.job(same)
