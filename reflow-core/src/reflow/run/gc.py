"""What may be removed since nothing points at it any more: old results, and files of runs that ended long ago.

In doubt it stays: a run that cannot be read may be anywhere, and may use anything. What a run takes in the very moment
in which it is removed costs that run no more than to make it again, when something needs it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import islice

from reflow.contracts.store import Results
from reflow.errors import ReflowError, RunDirError
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import OldResult, Overview, RunEntry
from reflow.model.states import KEPT
from reflow.run.clock import now_ms
from reflow.run.opened import OpenRun
from reflow.rundir.collected import collect, collectable
from reflow.rundir.layout import list_runs, run_paths
from reflow.rundir.lease import Lease

BATCH = 2_000  #: results that are removed in one transaction
MAKING_MS = 3_600_000  #: for so long at most a run is listed before it is there

Opener = Callable[[str, str], OpenRun]  #: a run directory and the id of a run in it to the run


class Pointed(NamedTuple):
    """What runs point at.

    Attributes:
        keys: Of results that are used; a few more may have the same.
        over: Runs that are over, each by its run directory and id.
        ended: Runs that ended before the moment, whose files may go.
        unread: Runs that cannot be read, and why: they may point at anything.
    """

    keys: set[bytes]
    over: set[tuple[str, str]]
    ended: list[RunEntry]
    unread: dict[str, str]


class Sum(NamedTuple):
    """How much of one kind there is to remove."""

    count: int  # type: ignore[assignment]  # a field, and not tuple's method
    size: int


def pointed_at(
    runs: Iterable[RunEntry], open_run: Opener, before: int, gone: Collection[str] = ()
) -> Pointed:
    """Return what runs point at that are not over, or were before a moment.

    Args:
        before: Milliseconds since 1970.
        gone: Run directories that were deleted for good, as absolute paths.
    """
    pointed = Pointed(set(), set(), [], {})
    runs_in = cache(list_runs)
    for entry in runs:
        if entry.run_dir in gone or _is_deleted(entry, runs_in) or _was_never_made(entry):
            continue
        try:
            with contextlib.closing(open_run(entry.run_dir, entry.run_id)) as run:
                overview = run.ledger.overview()
                if overview.state.is_over:
                    pointed.over.add((entry.run_dir, entry.run_id))
                if is_long_over(overview, before):
                    pointed.ended.append(entry)
                else:
                    pointed.keys.update(_keys_of(run, overview))
        except (ReflowError, OSError) as error:
            pointed.unread[entry.run_id] = str(error).splitlines()[0]
    return pointed


def is_long_over(overview: Overview, before: int) -> bool:
    """Whether a run was over before a moment, with nothing left to do."""
    is_done = overview.state.is_over and not overview.submissions and overview.published >= overview.outputs
    return is_done and (overview.ended or overview.updated) < before


def unused(results: Results, pointed: Pointed, before: int) -> Iterator[OldResult]:
    """Stream the results that were made before a moment and that no run points at; none while one cannot be read."""
    if pointed.unread:
        return
    for one in results.old(before):
        if _key(one.identity, one.output) not in pointed.keys:
            yield one


def sum_of(found: Iterable[OldResult]) -> Sum:
    """Return how many results there are, and what they take."""
    count = size = 0
    for one in found:
        count += 1
        size += one.size
    return Sum(count, size)


def remove_unused(results: Results, pointed: Pointed, before: int, look: Callable[[], Pointed]) -> Sum:
    """Remove these results, and let the store shrink; a kill anywhere leaves those that had no turn yet.

    While nobody else can write to the store, so that no run can be listed, ``look`` is called once more: a run is
    listed before it takes anything. Not seen is what a run has found and has not yet written down, and what a retry
    takes of a run that was over: such a run makes again what it needs of it.

    Args:
        look: Returns what runs point at that were not over at the first look, or that have been listed since.
    """
    removed = Sum(0, 0)
    found = unused(results, pointed, before)
    while batch := list(islice(found, BATCH)):
        gone: list[OldResult] = []
        results.remove(_still_unused(batch, look, gone))
        removed = Sum(removed.count + len(gone), removed.size + sum(one.size for one in gone))
    while removed.count and results.shrink():
        pass
    return removed


def _still_unused(
    batch: Iterable[OldResult], look: Callable[[], Pointed], gone: list[OldResult]
) -> Iterator[OldResult]:
    """Yield those results that nothing points at now either, and add them to ``gone``."""
    now = look()
    for one in batch:
        if not now.unread and _key(one.identity, one.output) not in now.keys:
            gone.append(one)
            yield one


def files_of(ended: Iterable[RunEntry]) -> tuple[list[RunEntry], Sum]:
    """Return those of these runs that have files to remove and are this user's own, and what these take."""
    own, size = [], 0
    for entry in ended:
        paths = run_paths(entry.run_dir, entry.run_id)
        if os.stat(paths.root).st_uid != os.geteuid():
            continue
        count, taken = collectable(paths)
        if count:
            own.append(entry)
            size += taken
    return own, Sum(len(own), size)


def remove_files(entry: RunEntry, open_run: Opener, before: int) -> bool:
    """Remove logs, payloads and outcomes of a run that has long been over, unless somebody is about to change that.

    Raises:
        OutOfReach: It cannot be read or written.
    """
    with contextlib.closing(open_run(entry.run_dir, entry.run_id)) as run:
        lease = Lease(run.paths)
        if lease.take() is not None:
            return False
        try:
            if not is_long_over(run.ledger.overview(), before):
                return False
            collect(run.paths, now_ms())
        except OSError as error:
            raise RunDirError(f"{run.paths.root} cannot be written: {error.strerror}") from error
        finally:
            lease.release()
    return True


def _keys_of(run: OpenRun, overview: Overview) -> Iterator[bytes]:
    for task in overview.tasks:
        for row in run.ledger.instances(task, KEPT):
            yield _key(row.identity, row.output or b"")


def _key(identity: bytes, output: bytes) -> bytes:
    """Return a short key: of two results that have the same, one is kept for nothing, and neither is lost."""
    return identity[:8] + output[:4]


def _was_never_made(entry: RunEntry) -> bool:
    """Whether a submit was killed before its run was there, which it is with its last file: nothing ever uses that."""
    paths = run_paths(entry.run_dir, entry.run_id)
    is_without = os.path.isdir(paths.root) and not os.path.lexists(paths.run_json)
    return is_without and entry.created < now_ms() - MAKING_MS


def _is_deleted(entry: RunEntry, runs_in: Callable[[str], list[str]]) -> bool:
    """Whether a run was deleted, for certain: others are where it was, and it is not.

    A place without runs may be one where a file system is to be mounted again.
    """
    root = run_paths(entry.run_dir, entry.run_id).root
    try:
        return not os.path.lexists(root) and bool(runs_in(entry.run_dir))
    except RunDirError:
        return False
