"""Wheels of all packages, built once, and the interpreters that they are tried on."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("reflow-core", "reflow-sqlite", "reflow-local", "reflow-slurm")
VERSIONS = ("3.10", "3.11", "3.12", "3.13")


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


@pytest.fixture(scope="module", params=VERSIONS)
def interpreter(request: pytest.FixtureRequest) -> str:
    """A Python of each version that is supported; in CI none may be missing."""
    found = find_interpreter(request.param)
    if found is None:
        missing = f"no Python {request.param} under pyenv's versions or on PATH"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="module")
def clean_python(interpreter: str, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of a new venv in which nothing was typed but ``pip install --find-links dist reflow-slurm``."""
    venv = tmp_path_factory.mktemp("venv")
    run([interpreter, "-m", "venv", venv])
    python = str(venv / "bin" / "python")
    run([python, "-m", "pip", "install", "-q", "--find-links", wheels, "reflow-slurm"])
    return python


def find_interpreter(version: str) -> str | None:
    for candidate in _candidates(version):
        told = subprocess.run(
            [candidate, "-c", "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.stdout.strip() == version:
            return str(candidate)
    return None


def _candidates(version: str) -> Iterator[str | Path]:
    homes = [
        os.environ.get("PYENV_ROOT", ""),
        Path.home() / ".pyenv",
        Path(pwd.getpwuid(os.getuid()).pw_dir) / ".pyenv",
    ]
    for home in filter(None, homes):
        yield from sorted(Path(home).glob(f"versions/{version}*/bin/python"), reverse=True)
    if on_path := shutil.which(f"python{version}"):
        yield on_path


def run(argv: list[object]) -> None:
    """Run a command; what it printed is part of the error when it fails."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
