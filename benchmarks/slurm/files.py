"""The file-system calls of a process: those that name a file, as strace sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import run

_CALL = re.compile(
    r"^\d+ +\w+\(", re.MULTILINE
)  # one that was interrupted is "resumed", and not counted twice


class FileCalls(NamedTuple):
    """What a process and its children asked of the file system.

    Attributes:
        scans: How many of the calls named an ``entry_points.txt``.
    """

    total: int
    scans: int


def file_calls(argv: Sequence[str], home: str, **variables: str) -> FileCalls:
    """Run a command under strace, and count."""
    trace = Path(home, "trace")
    run(["strace", "-f", "-qq", "-e", "trace=%file", "-o", str(trace), *argv], home, **variables)
    calls = trace.read_text(errors="replace")
    return FileCalls(len(_CALL.findall(calls)), calls.count("entry_points.txt"))
