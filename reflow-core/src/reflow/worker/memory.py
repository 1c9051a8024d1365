"""How much memory this process has held at once."""

from __future__ import annotations

import sys

_STATUS = "/proc/self/status"
_UNITS = {"darwin": 1}  #: bytes in what `getrusage` counts by; KiB everywhere else


def peak_mib() -> int:
    """Return the most memory that this process held at any time so far, in whole MiB, at least 1.

    It never falls: of a process that has worked through several instances it is the largest of theirs. What
    processes that it started held does not count.
    """
    return max(1, -(-_peak_bytes() // (1 << 20)))


def _peak_bytes() -> int:
    # What getrusage says on Linux begins with the memory of the process that forked this one.
    try:
        with open(_STATUS, encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) << 10
    except (OSError, ValueError, IndexError):
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNITS.get(sys.platform, 1 << 10)
