"""Writing a segment, so that a kill loses nothing that was written and a full disk is waited for."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from typing import TypeVar

from reflow.errors import RunDirError
from reflow.filesystem.files import opened_high, replace_file, sync_directory
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import Outcome, end_line, part_name, segment_name, start_line

PATIENCE_S = 600.0  #: how long no space, no quota or an I/O error is waited for
SIZE_LIMIT = 8 << 20  #: bytes after which a segment is old enough to be sealed

_WORTH_WAITING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EBADF}
_OF_SPACE = {errno.ENOSPC, errno.EDQUOT}
_RETRY = "retry what has no outcome"
_T = TypeVar("_T")


class Segment:
    """The open segment of one element, and those that follow it.

    A line is kept in memory until it is sealed: after an error it is not known what the file holds, so it is
    written afresh.

    Args:
        start: How often this element was started before; with the element it makes the file this process's own.
        seq: Number of the next sealed segment.
        deadline: The clock of `time.monotonic` at which waiting for space ends, whatever `PATIENCE_S` says.
    """

    def __init__(
        self, sub: SubmissionPaths, element: int, start: int, seq: int = 0, deadline: float | None = None
    ) -> None:
        self.element, self.start, self.seq = element, start, seq
        self._folder = sub.outcomes
        self._part = os.path.join(sub.outcomes, part_name(element, start))
        self._descriptor = -1
        self._kept: list[bytes] = []  # all lines of this part
        self._written = 0  # how many of them are in the file
        self._bytes = 0
        self._oldest = 0.0
        self._deadline = deadline

    def started(self, index: int, attempt: int, time_ms: int, log: int) -> None:
        """Write that an instance is about to be called, together with what waits to be written."""
        self._keep(start_line(index, attempt, time_ms, log))
        self.flush()

    def ended(self, outcome: Outcome, log: int, *, again: bool = False) -> None:
        """Take how an attempt ended; it is written with the next start, by `flush` or by `seal`."""
        self._keep(end_line(outcome, log, again=again))

    @property
    def lines(self) -> int:
        """How many lines wait to be sealed."""
        return len(self._kept)

    def is_due(self, age_s: float) -> bool:
        """Whether the oldest line is this old, or there is much to be sealed."""
        return bool(self._kept) and (time.monotonic() - self._oldest >= age_s or self._bytes > SIZE_LIMIT)

    def flush(self) -> None:
        """Write what waits, in one call and without a sync."""
        lines = self._kept[self._written :]
        if not lines:
            return
        data = lines[0] if len(lines) == 1 else b"".join(lines)
        try:
            if self._descriptor < 0:
                self._open()
            if os.write(self._descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._patiently(self._rewrite, error)
        self._written = len(self._kept)

    def seal(self) -> str | None:
        """Make the lines so far a durable segment and return its name; None when there are none."""
        if not self._kept:
            return None
        self.flush()
        name = segment_name(self.element, self.start, self.seq)
        try:
            self._seal_as(name)
        except OSError as error:
            self._patiently(lambda: self._rewrite_and_seal(name), error)
        self.seq += 1
        self._kept, self._written, self._bytes = [], 0, 0
        return name

    def _keep(self, line: bytes) -> None:
        if not self._kept:
            self._oldest = time.monotonic()
        self._kept.append(line)
        self._bytes += len(line)

    def _open(self) -> None:
        self._descriptor = opened_high(self._part, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.fchmod(self._descriptor, 0o600)  # user code may have set any umask

    def _seal_as(self, name: str) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        os.rename(self._part, os.path.join(self._folder, name))
        sync_directory(self._folder)

    def _rewrite(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1
        replace_file(self._part, self._kept, sync=False)  # never shorter than it was, not even for a moment
        self._open()

    def _rewrite_and_seal(self, name: str) -> None:
        if name in os.listdir(self._folder):  # a rename whose answer was lost went through
            sync_directory(self._folder)
            return
        self._rewrite()
        self._seal_as(name)

    def _patiently(self, act: Callable[[], _T], error: OSError) -> _T:
        patience = float(os.environ.get("REFLOW_PATIENCE_S", PATIENCE_S))
        ends = time.monotonic() + patience
        if self._deadline is not None:
            ends = min(ends, self._deadline)
        pause = 0.05
        while error.errno in _WORTH_WAITING and time.monotonic() < ends:
            time.sleep(min(pause, max(0.0, ends - time.monotonic())))
            pause = min(2 * pause, 15.0)
            try:
                return act()
            except OSError as again:
                error = again
        self._leave_in_log()
        raise RunDirError(
            f"{self._part} cannot be written: {error.strerror}; {self._remedy(error)}"
        ) from error

    def _remedy(self, error: OSError) -> str:
        """Say what to do about an error that did not pass."""
        if error.errno in _OF_SPACE:
            return f"make room there, then {_RETRY}"
        if not os.path.isdir(self._folder):
            return f"that directory is gone: move it back to where it was, then {_RETRY}"
        return f"put that right, then {_RETRY}"

    def _leave_in_log(self) -> None:
        """Leave the lines in the log, between markers, as the last place that may still take them."""
        with contextlib.suppress(OSError):
            text = b"".join([b"\n--- reflow: outcomes of ", os.fsencode(self._part), b" ---\n", *self._kept])
            os.write(2, text + b"--- reflow: end of outcomes ---\n")
