"""Faults that strace makes of single system calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

KILL, FULL, BROKEN = "signal=SIGKILL", "error=ENOSPC", "error=EIO"

#: Calls of one kind as Python, libc and SQLite make them, here and on other processors.
CALLS = {
    "rename": "?rename,?renameat,?renameat2",
    "link": "?link,?linkat",
    "unlink": "?unlink,?unlinkat",
    "mkdir": "?mkdir,?mkdirat",
    "rmdir": "?rmdir",
}


def need_strace(reason: str, environment: Mapping[str, str]) -> None:
    """Go on where faults can be injected. In CI, nothing may be left out.

    Args:
        reason: Why they cannot, or an empty text.
    """
    if reason and environment.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(f"NO CRASH WAS TRIED: {reason}")


def why_no_strace() -> str:
    """Return why faults cannot be injected here, or an empty text."""
    if shutil.which("strace") is None:
        return "there is no strace; type: apt-get install strace"
    words = [*Fault("mkdir", "error=EIO", 1).strace(Path(os.devnull)), "true"]
    ended = subprocess.run(words, capture_output=True, text=True)
    return f"strace cannot inject faults here: {ended.stderr.strip()}" if ended.returncode else ""


class Fault(NamedTuple):
    """What strace does to the n-th call of a kind: ``signal=SIGKILL`` before it, or ``error=EIO`` in its place."""

    call: str
    what: str
    n: int

    def strace(self, trace: Path, *options: str) -> list[str]:
        """Return the words in front of a command that make this happen to it."""
        # A filter in the kernel makes strace see the calls at hand alone, but loses a signal.
        seen = [] if self.what.startswith("signal") or options else ["-f", "--seccomp-bpf"]
        calls = CALLS.get(self.call, self.call)
        choice = f"-e trace={calls} -e inject={calls}:{self.what}:when={self.n}".split()
        return ["strace", *seen, *options, "-qq", "-o", str(trace), *choice]
