"""Files that a parameter names and an earlier run seems to have written itself: then its tasks run again for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from reflow.filesystem.stamps import DIRECTORY_LIMIT
from reflow.graph.model import Node
from reflow.run.clock import now_ms
from reflow.run.opened import OpenRun
from reflow.run.past import PastRuns
from reflow.values.paths import paths_in

_SLACK_MS = 1000  #: that the clock of a file system may be behind


def told_own_files(past: PastRuns, run_id: str, node: Node, now: Mapping[str, Any]) -> list[str]:
    """Say of each parameter of a task whose file is another one than an earlier run was given that this run wrote it.

    That it was written while that run was at work is all that can be seen: a user may have done so.

    Args:
        now: The tagged parameters by key, with the stamps of their files.
    """
    keys = {entry.name: entry.parameter for entry in node.inputs if entry.parameter is not None}
    stamped = {name: found for name, key in keys.items() if (found := _stamps(now.get(key)))}
    run = past.opened(run_id) if stamped else None
    if run is None:
        return []
    return [
        f"{path} was written while run {run_id} was at work; if the run itself writes it, say of {name}: "
        'Param(track="path")'
        for name, found in stamped.items()
        if (path := _written_by(run, _stamps(run.info["parameters"].get(keys[name])), found)) is not None
    ]


def _stamps(tagged: Any) -> dict[str, list[Any]]:
    return {path: stamp for path, stamp in paths_in(tagged) if stamp is not None}


def _written_by(run: OpenRun, then: Mapping[str, list[Any]], now: Mapping[str, list[Any]]) -> str | None:
    changed = [path for path, stamp in now.items() if path in then and then[path] != stamp]
    if not changed:
        return None
    began, ended = run.info["created"] - _SLACK_MS, run.ledger.overview().ended or now_ms()
    return next((path for path in changed if any(began <= t <= ended for t in _times(path))), None)


def _times(path: str) -> Iterator[int]:
    """Yield when a file, or a directory and what is below it, was written last, in milliseconds since 1970."""
    yield from _time(path)
    left = DIRECTORY_LIMIT
    for folder, folders, files in os.walk(path):
        for name in [*folders, *files]:
            yield from _time(os.path.join(folder, name))
            left -= 1
            if left < 0:
                return


def _time(path: str) -> Iterator[int]:
    try:
        yield os.stat(path).st_mtime_ns // 1_000_000
    except OSError:  # it is gone
        return
