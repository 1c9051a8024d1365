"""Taking away what a run that ended long ago needs no more: logs, payloads and outcomes, but not its state."""

from __future__ import annotations

import json
import os

from reflow.filesystem.files import read_bytes, remove_directory, replace_file
from reflow.rundir.layout import RunPaths


def collect(paths: RunPaths, now: int) -> None:
    """Remove logs and submissions of a run, of which the caller holds the lease; repeatable.

    That it was done is written first, so that whoever looks for them knows, wherever this is killed.

    Args:
        now: Milliseconds since 1970.
    """
    replace_file(_mark(paths), json.dumps(now).encode())
    remove_directory(paths.jobs)
    remove_directory(paths.logs)


def collected_at(paths: RunPaths) -> int | None:
    """Return when that was done last, in milliseconds since 1970, or None."""
    try:
        return int(json.loads(read_bytes(_mark(paths))))
    except (OSError, ValueError, TypeError):
        return None


def collectable(paths: RunPaths) -> tuple[int, int]:
    """Return how many files there are to remove, and how many bytes they take."""
    files = size = 0
    for top in (paths.jobs, paths.logs):
        for folder, _, names in os.walk(top):
            for name in names:
                files += 1
                size += os.lstat(os.path.join(folder, name)).st_size
    return files, size


def _mark(paths: RunPaths) -> str:
    return os.path.join(paths.control, "collected")
