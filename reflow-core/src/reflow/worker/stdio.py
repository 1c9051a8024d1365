"""Where what user code prints goes: the log of its element, whatever that code does to the streams."""

from __future__ import annotations

import contextlib
import io
import os
import sys

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class Log:
    """Standard output and error of this process, in the log of an element."""

    def __init__(self) -> None:
        self._path = ""
        self._file = (-1, -1)  # device and inode of the log
        self._streams = (sys.stdout, sys.stderr)

    def switch(self, path: str) -> None:
        """Send what is printed from now on to the end of this file."""
        if path != self._path:
            self._path = path
            self._flush()
            self._connect()
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if isinstance(stream, io.TextIOWrapper):
                    stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)

    def position(self) -> int:
        """Flush, and return where the log ends; streams that user code put in place of these are taken away."""
        try:
            if sys.stdout is not self._streams[0] or sys.stderr is not self._streams[1]:
                self._flush()
                sys.stdout, sys.stderr = self._streams
            sys.stdout.flush()
            sys.stderr.flush()
            found = os.fstat(1)
        except Exception:
            return self._repaired()
        if (found.st_dev, found.st_ino) != self._file:
            return self._repaired()
        return found.st_size

    def repair(self) -> None:
        """Undo what user code may have done to standard error, which `position` does not look at."""
        try:
            found = os.fstat(2)
        except OSError:
            self._repaired()
            return
        if (found.st_dev, found.st_ino) != self._file:
            self._repaired()

    def _connect(self) -> None:
        log = os.open(self._path, _FLAGS, 0o600)
        os.fchmod(log, 0o600)  # user code may have set any umask
        os.dup2(log, 1)
        os.dup2(log, 2)
        if log > 2:
            os.close(log)
        found = os.fstat(1)
        self._file = (found.st_dev, found.st_ino)

    def _repaired(self) -> int:
        if not self._path:
            return 0
        self._flush()
        self._connect()
        for number, name in ((1, "stdout"), (2, "stderr")):
            stream = getattr(sys, name)
            try:
                stream.flush()
            except Exception:  # closed, None, or unable to write what it holds
                setattr(sys, name, _stream(number))
        self._streams = (sys.stdout, sys.stderr)
        return os.fstat(1).st_size

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()


def _stream(number: int) -> io.TextIOWrapper:
    raw = io.FileIO(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
