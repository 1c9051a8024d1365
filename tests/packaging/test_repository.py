"""What a developer types at the top of the repository works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("target", ["demo", "test", "check", "quick", "wheels", "clean", "help"])
def test_make_knows_its_targets(root: Path, target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=root, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_make_help_names_the_two_commands_of_the_readme(root: Path) -> None:
    told = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True).stdout

    assert "make demo" in told
    assert "make test" in told


def test_fragments_make_a_changelog(root: Path) -> None:
    build = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9"]
    told = subprocess.run(build, cwd=root, capture_output=True, text=True, check=True).stdout
    fragments = [file for file in (root / "changelog.d").glob("*.md") if file.name != "README.md"]

    assert "## 9.9" in told
    assert all(fragment.read_text(encoding="utf-8").split("\n")[0] in told for fragment in fragments)


def test_continuous_integration_runs_make_test(root: Path) -> None:
    script = root / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert "exec make test" in script.read_text(encoding="utf-8")
