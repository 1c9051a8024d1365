"""What the crash tests need: strace, and the rig that is built on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for the modules that hold no tests
pytest.register_assert_rewrite("crash_rig", "crash_scene")

from crash_faults import need_strace, why_no_strace  # noqa: E402 - found by the lines above
from crash_rig import Rig  # noqa: E402 - likewise


@pytest.fixture(scope="session")
def strace() -> None:
    """Whatever asks for this can inject faults."""
    need_strace(why_no_strace(), os.environ)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """One for all tests, since they compare with the same undisturbed run."""
    return Rig(tmp_path_factory.mktemp("crash"))
