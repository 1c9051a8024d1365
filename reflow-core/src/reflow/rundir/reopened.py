"""What retries opened again, written down in control/: no outcome says so, and a ledger may have to be rebuilt."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from reflow.filesystem.files import read_bytes, replace_file
from reflow.model.named_tuple import NamedTuple
from reflow.rundir.layout import RunPaths

_OPENED = "opened-"


class Opened(NamedTuple):
    """What a retry opened again: what those instances came to before counts no more.

    Attributes:
        after: The number of the last submission before that.
        instances: Their indices, by task.
    """

    after: int
    instances: Mapping[str, Sequence[int]]


def write_opened(paths: RunPaths, opened: Opened) -> None:
    """Write down durably what a retry is about to open; the same again does no harm."""
    name = f"{_OPENED}{opened.after:06d}-{os.urandom(4).hex()}"
    replace_file(os.path.join(paths.control, name), json.dumps(opened).encode())


def list_opened(paths: RunPaths) -> list[Opened]:
    """Return all that was opened again in a run."""
    names = sorted(n for n in os.listdir(paths.control) if n.startswith(_OPENED) and not n.endswith(".tmp"))
    return [Opened(*json.loads(read_bytes(os.path.join(paths.control, name)))) for name in names]
