"""A flow that a function makes from a number, included twice: its tasks have one name each, and other code."""

from typing import Annotated

from noting import note

from reflow import Flow, Result, RunDir, Workflow


def build(scale, step):
    flow = Flow("made")

    @flow.job
    def load(x: int = 1, run_dir: RunDir = RunDir()) -> int:
        note(run_dir, "load by", scale)
        return x * scale

    @flow.job
    def late(x: Annotated[int, Result(step)], run_dir: RunDir = RunDir()) -> int:
        note(run_dir, "late by", scale)
        return x * scale

    return flow


def make(first, second):
    wf = Workflow("factory")

    @wf.job
    def one() -> int:
        return 1

    @wf.job
    def one_more(before: Annotated[int, Result("a_late")]) -> int:
        return 1

    wf.include(build(first, "one"), prefix="a")
    wf.include(build(second, "one_more"), prefix="b")
    return wf
