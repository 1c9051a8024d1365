"""Wheels of all packages, built once, and installed for each interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("reflow-core", "reflow-sqlite", "reflow-local", "reflow-slurm")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheels of the four packages, as ``make wheels`` builds them."""
    directory = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", directory]
        + [ROOT / package for package in PACKAGES])  # fmt: skip
    return directory


@pytest.fixture(scope="module")
def clean_python(interpreter: str, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of a new venv in which nothing was typed but ``pip install --find-links dist reflow-slurm``."""
    venv = tmp_path_factory.mktemp("venv")
    run([interpreter, "-m", "venv", venv])
    python = str(venv / "bin" / "python")
    run([python, "-m", "pip", "install", "-q", "--find-links", wheels, "reflow-slurm"])
    return python


def run(argv: list[object]) -> None:
    """Run a command; what it printed is part of the error when it fails."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
