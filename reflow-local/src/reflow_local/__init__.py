"""Runs reflow's work in processes of this machine, which live as long as the run is driven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.plugin import hookimpl

if TYPE_CHECKING:
    from reflow.plugin import Executor
    from reflow_local.executor import LocalExecutor

__all__ = ["LocalExecutor"]


@hookimpl
def reflow_executors() -> list[type[Executor]]:
    """Offer the local executor."""
    from reflow_local.executor import LocalExecutor

    return [LocalExecutor]


def __getattr__(name: str) -> object:
    if name == "LocalExecutor":
        from reflow_local.executor import LocalExecutor

        return LocalExecutor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
