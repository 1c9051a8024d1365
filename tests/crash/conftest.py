"""What the crash tests need: strace, and the rig that is built on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for crashrig, which holds no tests

from crashrig import Rig, need_strace, why_no_strace


@pytest.fixture(scope="session")
def strace() -> None:
    """Whatever asks for this can inject faults."""
    need_strace(why_no_strace(), os.environ)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """One for all tests, since they compare with the same undisturbed run."""
    return Rig(tmp_path_factory.mktemp("crash"))
