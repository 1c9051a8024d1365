"""Type checkers see decorated functions as they are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="once is enough")
def test_the_public_api_has_the_types_that_it_promises(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    argv = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", str(tmp_path)]

    ran = subprocess.run([*argv, "tests/typing/public_api.py"], cwd=ROOT, capture_output=True, text=True)

    assert ran.stdout == "Success: no issues found in 1 source file\n", ran.stdout + ran.stderr
