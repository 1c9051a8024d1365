"""The lease: the right to advance a run, and its ever-growing epoch."""

from __future__ import annotations

import os

from reflow.filesystem.locks import Holder, IsOver, LockFile, nobody_knows
from reflow.rundir.layout import RunPaths


class Lease:
    """The right to advance one run. Its epoch comes from the ledger, which refuses writes of an older one.

    Args:
        is_over: Tells whether the batch job of a holder on another machine has ended.
    """

    def __init__(self, paths: RunPaths, is_over: IsOver = nobody_knows) -> None:
        self._lock = _lock(paths, is_over)
        self.epoch = 0

    def take(self) -> Holder | None:
        """Take the lease and return None, or return who holds it; a dead holder's is broken first."""
        return self._lock.take()

    def beat(self) -> None:
        """Show that the holder lives."""
        self._lock.beat()

    def release(self) -> None:
        """Give it back."""
        self._lock.release()

    def clear_remains(self) -> None:
        """Remove what processes left that died while they took it."""
        self._lock.clear_remains()

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._lock.held


def lease_holder(paths: RunPaths) -> tuple[Holder, bool | None] | None:
    """Return who holds a run's lease and whether that process is alive (None: nobody here can tell)."""
    holder = _lock(paths, nobody_knows).holder()
    if holder is None:
        return None
    gone = holder.process.is_gone()
    return holder, None if gone is None else not gone


def is_free(paths: RunPaths, is_over: IsOver) -> bool:
    """Whether nobody holds a run's lease, or somebody who has died: then whoever takes it breaks it first.

    Args:
        is_over: As for `Lease`.
    """
    return _lock(paths, is_over).is_free()


def has_died(paths: RunPaths, holder: Holder, is_over: IsOver) -> bool:
    """Whether somebody who held a run's lease a moment ago has died, and not just given it back.

    Args:
        is_over: As for `Lease`.
    """
    return _lock(paths, is_over).has_died(holder)


def job_id() -> str:
    """Return the name of the batch job that this process runs in, ``812@north`` say, or an empty text.

    Several clusters may see one directory, and each of them counts its jobs from 1.
    """
    job, cluster = os.environ.get("SLURM_JOB_ID", ""), os.environ.get("SLURM_CLUSTER_NAME", "")
    return f"{job}@{cluster}" if job and cluster else job


def _lock(paths: RunPaths, is_over: IsOver) -> LockFile:
    return LockFile(os.path.join(paths.control, "lease"), job_id(), is_over)
