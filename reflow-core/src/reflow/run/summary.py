"""A run in a few facts, for lists of runs."""

from __future__ import annotations

from typing import Any

from reflow.run.clock import iso
from reflow.run.opened import OpenRun
from reflow.values.show import show


def read_summary(run: OpenRun) -> dict[str, Any]:
    """Return ``state``, ``created_at``, ``executor`` and ``parameters`` as `read_status` does, and how much is done.

    Raises:
        StoreError: The ledger cannot be read.
    """
    overview = run.ledger.overview()
    counts = [count for states in overview.counts.values() for count in states.items()]
    return {
        "state": overview.state.value,
        "created_at": iso(overview.created),
        "executor": run.info["executor"]["name"],
        "parameters": {key: show(value) for key, value in run.info["parameters"].items()},
        "done": sum(count for state, count in counts if state.is_success),
        "total": sum(task.total or 0 for task in overview.tasks.values()),
    }
