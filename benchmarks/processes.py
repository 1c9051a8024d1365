"""Running a process, and what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import NamedTuple


class Ended(NamedTuple):
    """What a process took, from its start to the end of the wait for it.

    Attributes:
        peak_bytes: The most memory that it, or a process that it waited for, held at once.
        said: What it printed, warnings too.
    """

    seconds: float
    peak_bytes: int
    said: str


def run(argv: Sequence[str], home: str, **variables: str) -> Ended:
    """Run a command in an environment of its own, and return what it took.

    Args:
        variables: What else is in that environment.

    Raises:
        RuntimeError: It failed; with what it said.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv,
            cwd=home,
            env=_environment(home) | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} ended with {process.returncode}:\n{said}")
    return Ended(seconds, used.ru_maxrss * 1024, said)


_WAIT = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_bytes(argv: Sequence[str], home: str, **variables: str) -> int:
    """Run a command, and return the most memory that it held at once.

    A process that has just been started counts what its parent holds, so a small one stands in between: this is
    right above 10 MB or so, where `run` is so above what the benchmark itself holds.
    """
    ended = run([sys.executable, "-I", "-S", "-c", _WAIT, *argv], home, **variables)
    return int(ended.said.splitlines()[-1]) * 1024


def _environment(home: str) -> dict[str, str]:
    """Nothing of the user's settings, and no PYTHON... variable: some of them make every start slow."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "REFLOW_STORE": os.path.join(home, "store.db"),
    }
