"""The warming example runs on its real data, and runs again only what has changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "warming"


def _call(*words: object) -> str:
    argv = [sys.executable, *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _states(flow: Path, run_dir: Path) -> dict[str, dict[str, int]]:
    status: dict[str, Any] = json.loads(_call(flow, "status", "--run-dir", run_dir, "--json"))
    return {
        name: {state: number for state, number in task["counts"].items() if number}
        for name, task in status["tasks"].items()
    }


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(EXAMPLE, tmp_path / "warming", ignore=shutil.ignore_patterns("output", "__pycache__"))
    )


def test_the_demo_makes_its_picture_and_then_reuses_everything(example: Path) -> None:
    told = _call(example / "demo.py")

    picture, numbers = example / "output" / "warming.png", example / "output" / "warming.nc"
    assert f"The picture: {picture}" in told
    assert "All 100 instances were reused." in told
    assert picture.read_bytes().startswith(b"\x89PNG")
    with xr.open_dataset(numbers) as together:
        assert dict(together.sizes) == {
            "scenario": 2, "decade": 24, "latitude": 37, "longitude": 49, "year": 240
        }  # fmt: skip
        assert float(together["mean"].sel(scenario="A1B", decade=2090)) == pytest.approx(4.9, abs=0.1)


def test_a_shorter_period_makes_no_decade_again(example: Path, tmp_path: Path) -> None:
    flow, run_dir = example / "warming.py", tmp_path / "out"
    submit = [flow, "submit", "--run-dir", run_dir, "--executor", "local", "--first-year", "2050"]

    _call(*submit)
    _call(*submit, "--last-year", "2089")

    assert _states(flow, run_dir) == {
        "prepare": {"succeeded": 1},
        "reference": {"reused": 1},
        "decade_mean": {"reused": 8},
        "anomaly": {"reused": 8},
        "table": {"succeeded": 1},
        "figure": {"succeeded": 1},
    }
