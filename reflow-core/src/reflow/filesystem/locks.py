"""Lock files made by link(2), which name their holder and can be broken when that is gone.

link(2) is atomic on shared file systems too; open(2) says so of NFS under O_EXCL, and that the count of
links tells whether it went through when the answer was lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable

from reflow.filesystem.files import read_bytes, write_new
from reflow.filesystem.process import ProcessId, this_process
from reflow.model.named_tuple import NamedTuple

BEAT_S = 15.0  #: how often a holder touches its lock file
STALE_S = 180.0  #: a lock whose beat stood still so long is broken
MISSED_S = 2 * BEAT_S  #: once it stood still so long it is worth asking what has become of the holder's job

IsOver = Callable[[str], bool]  #: whether a batch job of that name has certainly ended


def nobody_knows(job: str) -> bool:
    """Answer for jobs that nobody can be asked about."""
    return False


class Holder(NamedTuple):
    """Who holds a lock file."""

    nonce: str
    process: ProcessId
    job: str = ""
    note: str = ""

    def describe(self) -> str:
        """Return the holder in words."""
        job = f" in job {self.job}" if self.job else ""
        return f"process {self.process.pid} on {self.process.host}{job}"


class LockFile:
    """A lock file at a path; one object takes and gives it back any number of times.

    Args:
        job: The batch job that this process runs in, if it does.
        is_over: Asked about the job of a holder on another machine whose beat has stood still for `MISSED_S`.
    """

    def __init__(self, path: str, job: str = "", is_over: IsOver = nobody_knows) -> None:
        self.path = path
        self._is_over = is_over
        self._mine = Holder(os.urandom(8).hex(), this_process(), job)
        self._beaten = 0.0
        self.held = False

    def take(self) -> Holder | None:
        """Take the lock and return None, or return who holds it; a dead holder's lock is broken first."""
        if self._link():
            return None
        holder = self.holder()
        if holder is not None and self._is_dead(holder):
            self._break(holder)
            holder = None
        if holder is None and self._link():
            return None
        return holder or self.holder() or Holder("", ProcessId("?", "", 0, ""))

    def beat(self) -> None:
        """Show that the holder lives; cheap enough to be called often."""
        if self.held and time.monotonic() - self._beaten > BEAT_S:
            self._beaten = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(self.path)

    def release(self) -> None:
        """Give the lock back, unless it was broken meanwhile."""
        if self.held:
            self.held = False
            holder = self.holder()
            if holder is not None and holder.nonce == self._mine.nonce:
                _remove(self.path)

    def clear_remains(self) -> None:
        """Remove what processes left beside the lock that died while they took or broke it."""
        folder, name = os.path.split(self.path)
        for other in os.listdir(folder):
            path = os.path.join(folder, other)
            with contextlib.suppress(FileNotFoundError):
                if other.startswith(f"{name}.") and _read(path).process.is_gone():
                    _remove(path)

    def holder(self) -> Holder | None:
        """Return who holds the lock now, or None."""
        try:
            return _read(self.path)
        except FileNotFoundError:
            return None

    def is_free(self) -> bool:
        """Whether nobody holds the lock, or somebody who `has_died`."""
        holder = self.holder()
        return holder is None or self.has_died(holder)

    def has_died(self, holder: Holder) -> bool:
        """Whether `take` would break the lock of this holder; one who has given it back meanwhile has not died.

        How old a beat is shows in a file beside it: only the lock's own user makes one, and nobody else can tell.
        """
        with contextlib.suppress(OSError):
            if os.stat(self.path).st_uid == os.geteuid():
                return self._is_dead(holder)
        return bool(holder.process.is_gone())

    def _link(self) -> bool:
        unique = f"{self.path}.{self._mine.nonce}"
        _remove(unique)
        try:
            # Not synced: what a power cut leaves of it has no beat, and is broken for that.
            write_new(unique, [self._text()], sync=False)
            with contextlib.suppress(OSError):  # an answer can be lost: the count of links decides
                os.link(unique, self.path)
            self.held = os.stat(unique).st_nlink == 2
        finally:
            with contextlib.suppress(OSError):  # the lock is taken all the same
                _remove(unique)
        self._beaten = time.monotonic()
        return self.held

    def _text(self) -> bytes:
        """Return what stands in each file of this process, so that others can tell whose it is."""
        return json.dumps(self._mine._asdict()).encode()

    def _is_dead(self, holder: Holder) -> bool:
        gone = holder.process.is_gone()
        if gone is not None:
            return gone
        still_s = self._still_s()
        has_missed = still_s > MISSED_S and bool(holder.job)
        return still_s > STALE_S or (has_missed and self._is_over(holder.job))

    def _still_s(self) -> float:
        """Return how old the beat is by the file server's own clock, as a new file shows it, not by another host's."""
        probe = f"{self.path}.{self._mine.nonce}.now"
        try:
            write_new(probe, [self._text()], sync=False)
            now = os.stat(probe).st_mtime
            return now - os.stat(self.path).st_mtime
        except FileNotFoundError:
            return 0.0
        finally:
            _remove(probe)

    def _break(self, dead: Holder) -> None:
        aside = f"{self.path}.broken.{self._mine.nonce}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.path, aside)
            if _read(aside).nonce != dead.nonce:  # another had broken and taken it first
                with contextlib.suppress(FileExistsError):
                    os.link(aside, self.path)
            _remove(aside)
            _remove(f"{self.path}.{dead.nonce}")  # it may have died between making it and removing it


def _read(path: str) -> Holder:
    """Return what a lock file says; one that says nothing sensible is held by nobody that can be asked."""
    try:
        fields = json.loads(read_bytes(path))
        return Holder(fields["nonce"], ProcessId(*fields["process"]), fields["job"], fields["note"])
    except (ValueError, KeyError, TypeError):
        return Holder("", ProcessId("?", "", 0, ""))


def _remove(path: str) -> None:
    """Remove a file. A disk that failed once is asked again: a lock that stays stops everybody."""
    for last in (False, True):
        try:
            os.unlink(path)
            return
        except FileNotFoundError:
            return
        except OSError:
            if last:
                raise
