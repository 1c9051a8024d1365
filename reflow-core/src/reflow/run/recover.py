"""Going on with a run whose driver is gone: what its workers left is taken in, the rest is handed over again."""

from __future__ import annotations

import os
from collections.abc import Collection

from reflow.contracts.executor import ResidentExecutor
from reflow.run.hold import Hold
from reflow.run.ingest import Batch
from reflow.run.opened import OpenRun
from reflow.run.verdict import Verdict
from reflow.rundir.outcomes import read_segment


def left_behind(run: OpenRun, hold: Hold) -> tuple[list[Batch], list[str]]:
    """End workers that outlived their driver; return what all of them wrote, and the tokens they worked on.

    A scheduler's submissions are none of these: they go on by themselves.
    """
    executor = run.executor
    if not isinstance(executor, ResidentExecutor):
        return [], []
    tokens = [row.token for row in hold.overview().submissions]
    if tokens:
        executor.end_leftovers(run.serve_argv)
    return [batch for token in tokens for batch in written(hold, token, orphaned=True)], tokens


def written(hold: Hold, token: str, *, but: Collection[str] = (), orphaned: bool = False) -> list[Batch]:
    """Return what has been written for a submission and not been taken in; nobody writes to it any more.

    Args:
        but: Segments that have been read already.
    """
    paths = hold.run.paths.submission(token)
    if not os.path.isdir(paths.outcomes):
        return []
    names = sorted(set(os.listdir(paths.outcomes)) - hold.ledger.segments(token) - set(but))
    batches = (read_batch(hold, token, name) for name in names)
    return [batch._replace(orphaned=orphaned) for batch in batches if batch is not None]


def read_batch(hold: Hold, token: str, name: str, death: Verdict | None = None) -> Batch | None:
    """Read one segment by its name; one that is damaged counts as far as it is whole, and is reported.

    Args:
        death: Why its writer died, for one that was not sealed.
    """
    element, start = name.split(".")[:2]
    path = os.path.join(hold.run.paths.submission(token).outcomes, name)
    try:
        outcomes, damaged = read_segment(path)
    except FileNotFoundError:
        return None
    is_part = name.endswith(".part")
    if damaged and not is_part:
        hold.messages.append(f"{path} is damaged; what is whole in it was taken in")
    return Batch(token, int(element), int(start), name, outcomes, death if is_part else None)
