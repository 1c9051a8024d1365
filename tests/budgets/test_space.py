"""What an instance leaves behind: a few hundred bytes, and no file of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from .conftest import PYTHON, Run, submit

BYTES_EACH = 400


@pytest.fixture
def files(run: Run, tmp_path: Path):
    """Runs a fan-out and returns the files of the run."""

    def files(width: int) -> list[Path]:
        run(PYTHON, *submit(width))
        return [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]

    return files


def test_no_file_per_instance_is_left_once_a_run_has_ended(run, tmp_path, files):
    few = len(files(3))
    (tmp_path / "runs").rename(tmp_path / "earlier")

    assert len(files(500)) == few


def test_ledger_and_results_take_at_most_400_bytes_per_instance_beyond_the_values(run, tmp_path):
    def size(width: int) -> int:
        home = tmp_path / str(width)
        run(PYTHON, *submit(width, "--run-dir", home), REFLOW_STORE=str(home / "store.db"))
        return sum(path.stat().st_size - _values(path) for path in home.rglob("*.db"))

    low, high = 100, 10_100  # so many that half-empty pages of an index no longer show

    assert (size(high) - size(low)) / (high - low) <= BYTES_EACH


def _values(path: Path) -> int:
    """Return how many bytes of a ledger or of results are values themselves."""
    table = "results" if path.name == "store.db" else "outputs"
    with sqlite3.connect(path) as db:
        (found,) = db.execute(f"SELECT sum(length(value)) FROM {table}").fetchone()
    db.close()
    return int(found)
