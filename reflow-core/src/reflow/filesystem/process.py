"""Who a process is, so that another on the same machine can tell whether it is still there, and how it ended."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from reflow.model.named_tuple import NamedTuple

if TYPE_CHECKING:
    from resource import struct_rusage

_STATUS = "/proc/self/status"
_MIB = (1 << 20) if sys.platform == "darwin" else (1 << 10)  #: one, in what ``ru_maxrss`` counts by


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


def peak_mib(usage: struct_rusage) -> int:
    """Return the most memory that a process held at once, in whole MiB, from the usage of one that has ended.

    Returns:
        0 where that cannot be told: Linux begins to count with what this process held when it started the other.
    """
    peak = max(1, -(-usage.ru_maxrss // _MIB))
    return peak if peak > own_peak_mib() else 0


def own_peak_mib() -> int:
    """Return the same of this process so far."""
    # What getrusage says on Linux begins with the memory of the process that started this one.
    try:
        with open(_STATUS, encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return max(1, -(-int(line.split()[1]) // (1 << 10)))
    except (OSError, ValueError, IndexError):
        pass
    import resource

    return max(1, -(-resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MIB))


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
