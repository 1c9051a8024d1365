"""A workflow that gets its task by a call, which a worker that imports the module does not make."""

from __future__ import annotations

from reflow import Workflow

wf = Workflow("late")


def define() -> None:
    @wf.job
    def task() -> int:
        return 1
