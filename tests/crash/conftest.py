"""What the crash tests need: strace, and the rig that is built on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).parent))  # for crashrig, which is no test

from crashrig import Rig  # noqa: E402  (found by the line above)

if TYPE_CHECKING:
    from collections.abc import Callable


def why_no_strace() -> str:
    """Return why faults cannot be injected here, or an empty text."""
    if shutil.which("strace") is None:
        return "there is no strace; type: apt-get install strace"
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", os.devnull, "-e", "inject=mkdir:error=EIO", "true"]
    ended = subprocess.run(command, capture_output=True, text=True)
    return f"strace cannot inject faults here: {ended.stderr.strip()}" if ended.returncode else ""


def need_strace(reason: str, environment: Mapping[str, str]) -> None:
    """Go on where there is strace; in CI, nothing may be left out."""
    if reason and environment.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(f"NO CRASH WAS TRIED: {reason}")


@pytest.fixture(scope="session")
def strace() -> Callable[[str, Mapping[str, str]], None]:
    """Whatever asks for this can inject faults."""
    need_strace(why_no_strace(), os.environ)
    return need_strace


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """One rig for all, since they compare with the same undisturbed run."""
    return Rig(tmp_path_factory.mktemp("crash"))
