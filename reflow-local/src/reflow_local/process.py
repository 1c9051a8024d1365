"""One worker process: started, spoken to, and known to have ended."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reflow.plugin import how_it_ended, peak_mib
from reflow_local.leftovers import driver_entry

if TYPE_CHECKING:
    from resource import struct_rusage

_HIGH = 10  # descriptors from here on do not get in the way of those that a worker inherits


class WorkerProcess:
    """A fresh interpreter that serves batches.

    It inherits its commands as descriptor 0, its reports as 3 and a lifeline as 4, a pipe of its own that
    nobody writes to and whose end tells that this process is gone; what it prints goes to a log. It leads a
    process group, so that Ctrl-C at the terminal is left to this process.

    Attributes:
        is_ready: Whether it has said that it is.
        fatal: Why it cannot work, in its own words.
        has_closed: Whether it can report nothing any more.
        status: What it ended with, as `os.waitstatus_to_exitcode` says it; None while it runs.
    """

    def __init__(self, argv: Sequence[str], log: str) -> None:
        theirs, self._commands = _pipe()
        living, self._life = _pipe()
        self.reports, reporting = _pipe()
        os.set_blocking(self.reports, False)
        try:
            self.pid = _spawned(argv, log, theirs, reporting, living)
        except BaseException:
            for descriptor in (self._commands, self._life, self.reports):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (theirs, living, reporting):
                os.close(descriptor)
        self.exit_handle = _pidfd(self.pid)
        self.is_ready = False
        self.fatal = ""
        self.status: int | None = None
        self._usage: struct_rusage | None = None
        self.killed = ""
        self.has_closed = False
        self._rest = b""
        self._owed: int | None = None  # a signal that it is sent once it is ready

    def send(self, message: Mapping[str, Any]) -> None:
        """Give it a command; when it has just died, `reap` tells."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._commands, json.dumps(message).encode("ascii") + b"\n")

    def read(self) -> list[dict[str, Any]]:
        """Return what it has reported since."""
        data = b""
        with contextlib.suppress(BlockingIOError):
            while block := os.read(self.reports, 1 << 16):
                data += block
            self.has_closed = True
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [message for line in lines if (message := self._noted(line)) is not None]

    def _noted(self, line: bytes) -> dict[str, Any] | None:
        try:
            message = json.loads(line)
        except ValueError:
            return None
        if not isinstance(message, dict):
            return None
        if "ready" in message:
            self.is_ready = True
            if self._owed is not None:
                self.signal(self._owed)
        self.fatal = str(message.get("fatal", self.fatal))
        return message

    def reap(self) -> bool:
        """Whether it has ended; from then on `status` and `reason` say how."""
        if self.status is None:
            try:
                pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else in this process has waited for it
                self.status = 0
            else:
                self.status = os.waitstatus_to_exitcode(status) if pid else None
                self._usage = usage if pid else None
        return self.status is not None

    @property
    def reason(self) -> str:
        """Why it ended, in words."""
        if self.fatal or self.killed:
            return self.fatal or self.killed
        return how_it_ended(self.status or 0)

    @property
    def peak_mib(self) -> int:
        """The most memory that it had held at once when it ended; 0 where that is not known."""
        return peak_mib(self._usage) if self._usage is not None else 0

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended; one that would kill it while it is not ready yet waits for that."""
        if self.status is None and (self.is_ready or number in (signal.SIGTERM, signal.SIGKILL)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
        else:
            self._owed = number

    def kill(self, reason: str) -> None:
        """End it and what it started, for a reason that is not its own."""
        self.killed = reason
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self, until: float) -> bool:
        """Wait for its end until a moment of `time.monotonic`, and return whether it came."""
        while not self.reap():
            if time.monotonic() >= until:
                return False
            time.sleep(0.002)
        return True

    def close_commands(self) -> None:
        """Tell it that there is no more to do."""
        if self._commands >= 0:
            os.close(self._commands)
            self._commands = -1

    def close(self) -> None:
        """Let go of its descriptors."""
        self.close_commands()
        os.close(self._life)
        os.close(self.reports)
        if self.exit_handle >= 0:
            os.close(self.exit_handle)


def _spawned(argv: Sequence[str], log: str, commands: int, reports: int, life: int) -> int:
    """Start a worker in a group of its own, with its ends of the pipes where it looks for them; return its id."""
    return os.posix_spawn(
        argv[0],
        list(argv),
        {**os.environ, **driver_entry()},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, commands, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, reports, 3),
            (os.POSIX_SPAWN_DUP2, life, 4),
        ],
        setpgroup=0,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP],
    )


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # an old kernel: ends are found by asking now and then
        return -1


def _pipe() -> tuple[int, int]:
    return tuple(_raised(descriptor) for descriptor in os.pipe())  # type: ignore[return-value]  # two of them


def _raised(descriptor: int) -> int:
    if descriptor >= _HIGH:
        return descriptor
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(descriptor)
    return high
