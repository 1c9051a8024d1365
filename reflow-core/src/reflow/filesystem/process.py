"""Who a process is, so that another on the same machine can tell whether it is still there."""

from __future__ import annotations

import os
from typing import NamedTuple


class ProcessId(NamedTuple):
    """One process of one boot of one machine; process ids alone are used again."""

    host: str
    boot: str
    pid: int
    started: str

    def is_gone(self) -> bool | None:
        """Whether it has certainly ended; None from another machine or boot id, where nobody can tell."""
        if (self.host, self.boot) != _here():
            return True if self.host == _here()[0] and self.boot and _here()[1] else None
        return _started(self.pid) != self.started


def how_it_ended(status: int) -> str:
    """Return in words how a process ended; ``-N`` when signal N killed it."""
    import signal  # makes enums of all signals

    if status >= 0:
        return f"ended with exit status {status} (os._exit?)"
    try:
        name = f" ({signal.Signals(-status).name})"
    except ValueError:
        name = ""
    hint = "; out of memory?" if status == -signal.SIGKILL else ""
    return f"killed by signal {-status}{name}{hint}"


def this_process() -> ProcessId:
    """Return the id of the calling process."""
    host, boot = _here()
    return ProcessId(host, boot, os.getpid(), _started(os.getpid()))


def is_there(pid: int) -> bool:
    """Whether a process of this machine has that id and has not ended."""
    return bool(_started(pid))


def _here() -> tuple[str, str]:
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            boot = file.read().strip().decode()
    except OSError:
        boot = ""
    return os.uname().nodename, boot


def _started(pid: int) -> str:
    """Return the start time of a process in clock ticks since boot (proc(5), field 22); empty when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
