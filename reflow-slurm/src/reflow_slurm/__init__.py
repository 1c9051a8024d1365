"""Runs reflow workflows under Slurm."""

from __future__ import annotations

from collections.abc import Iterable

from reflow.plugin import Executor, hookimpl
from reflow_slurm.executor import SlurmExecutor

__all__ = ["SlurmExecutor", "reflow_executors"]


@hookimpl
def reflow_executors() -> Iterable[type[Executor]]:
    return [SlurmExecutor]
