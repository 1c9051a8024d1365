"""Running a process, and what it took."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import NamedTuple


class Ended(NamedTuple):
    """What a process took, from its start to the end of the wait for it.

    Attributes:
        peak_bytes: The most memory that it, or a process that it waited for, held at once.
    """

    seconds: float
    peak_bytes: int


def run(argv: Sequence[str], home: str) -> Ended:
    """Run a command in an environment of its own, and return what it took.

    Raises:
        RuntimeError: It failed; with what it said.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=home, env=_environment(home), stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise RuntimeError(f"{' '.join(argv)} ended with {process.returncode}:\n{said.read().decode()}")
    return Ended(seconds, used.ru_maxrss * 1024)


def _environment(home: str) -> dict[str, str]:
    """Nothing of the user's settings, and no PYTHON... variable: some of them make every start slow."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "REFLOW_STORE": os.path.join(home, "store.db"),
    }
