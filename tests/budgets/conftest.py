"""Running flows as users do, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAN_OUT = str(ROOT / "benchmarks" / "flows" / "fan_out.py")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command to its end and returns what it said; one that fails fails the test."""

    def run(*argv: object, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(word) for word in argv],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, **environment},
        )
        assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    return run


def submit(width: int, *words: object) -> list[object]:
    """Return the command that runs a fan-out of this many no-ops and a gather, in ``./runs``."""
    return [
        *(FAN_OUT, "submit", "-q", "--run-dir", "runs", "--executor", "local", "--workers", "2"),
        *("--n", width, *words),
    ]


PYTHON = sys.executable
