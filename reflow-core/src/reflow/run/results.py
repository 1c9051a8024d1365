"""What the instances of a run returned."""

from __future__ import annotations

import json
from typing import Any

from reflow.errors import UnknownTask
from reflow.graph.model import Source
from reflow.run.opened import OpenRun
from reflow.run.select import unknown_task
from reflow.run.shared_results import SharedResults
from reflow.run.upstream import element_texts


def results(run: OpenRun, task: str) -> dict[int, Any]:
    """Return the tagged value of each instance of a task that has one, by index.

    Raises:
        UnknownTask: The workflow has no such task.
        StoreError: An output that the run reuses cannot be read.
    """
    if task not in run.graph.tasks:
        raise UnknownTask(unknown_task(task, run.graph))
    shared = SharedResults(run.store, write=False)
    try:
        found = element_texts(run.ledger, shared, Source(task, "elements"))
        return {index: json.loads(text) for index, text in found}
    finally:
        shared.close()
