"""Environments to measure in: what users install, not what developers work in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "bench"
PACKAGES = ("reflow-core", "reflow-sqlite", "reflow-local")


def venv_with_reflow(*more: str) -> Path:
    """Build wheels, install them into a new venv, compile it, and return its Python.

    Args:
        more: Packages of reflow that are not needed to run on this machine.
    """
    wheels = HOME / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    _pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), *_sources(more))
    return new_venv("reflow", [str(path) for path in sorted(wheels.glob("*.whl"))])


def new_venv(name: str, requirements: Sequence[str]) -> Path:
    """Make a venv afresh with these packages, compiled, and return its Python."""
    folder = HOME / name
    _call(sys.executable, "-m", "venv", "--clear", str(folder))
    python = folder / "bin" / "python"
    _pip(str(python), "install", *requirements)
    _call(str(python), "-m", "compileall", "-q", str(folder / "lib"))
    return python


def _sources(more: Sequence[str]) -> list[str]:
    return [str(ROOT / package) for package in (*PACKAGES, *more)]


def _pip(python: str, *words: str) -> None:
    _call(python, "-m", "pip", "--disable-pip-version-check", "-q", *words)


def _call(*argv: str) -> None:
    """Run a command; PYTHONDONTWRITEBYTECODE, where it is set, would leave nothing compiled."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(argv, check=True, env=environment)
