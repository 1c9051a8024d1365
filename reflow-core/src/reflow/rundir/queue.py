"""Why elements of a run waited in the scheduler's queue, when it was asked last."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from reflow.filesystem.files import read_bytes, replace_file
from reflow.model.named_tuple import NamedTuple
from reflow.rundir.layout import RunPaths

Waits = Mapping[str, Mapping[str, int]]  #: by task and reason, the number of elements
Stopped = Mapping[str, Mapping[str, int]]  #: by token and element, how often that had been claimed


class Asked(NamedTuple):
    """What the scheduler said.

    Attributes:
        as_of: When it did, in milliseconds since 1970; 0 where it was never asked.
        waits: Why elements of tasks wait.
        guards: Why the small jobs of the run wait, if nothing else of it was at work or in the queue.
        stopped: What had been started and was not at work: it waits to be started again, or its job is over.
    """

    as_of: int
    waits: Waits
    guards: Waits
    stopped: Stopped


def keep_waits(paths: RunPaths, asked: Asked) -> None:
    """Keep what the scheduler said for those who look."""
    replace_file(_file(paths), json.dumps(asked).encode(), sync=False)


def read_waits(paths: RunPaths) -> Asked:
    """Return what the scheduler said last."""
    try:
        return Asked(*json.loads(read_bytes(_file(paths))))
    except (FileNotFoundError, ValueError, TypeError):
        return Asked(0, {}, {}, {})


def _file(paths: RunPaths) -> str:
    return os.path.join(paths.root, "queue.json")
