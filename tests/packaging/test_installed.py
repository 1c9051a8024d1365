"""What a user gets from ``pip install --find-links dist reflow-slurm``, on each Python that is supported."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PARAMETERS = ["--start", "2025-01-01", "--end", "2025-01-31", "--bucket", "b"]


@pytest.fixture
def flow(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(root / "examples" / "demo_flow.py", tmp_path / "demo_flow.py"))


def _call(python: str, *words: object) -> str:
    argv = [python, *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _states(python: str, flow: Path, run_dir: Path) -> dict[str, dict[str, int]]:
    status: dict[str, Any] = json.loads(_call(python, flow, "status", "--run-dir", run_dir, "--json"))
    return {
        name: {state: number for state, number in task["counts"].items() if number}
        for name, task in status["tasks"].items()
    }


def test_a_flow_runs_and_is_reused(clean_python: str, flow: Path, tmp_path: Path) -> None:
    submit = [flow, "submit", "--run-dir", tmp_path / "runs", "--executor", "local", *PARAMETERS]

    _call(clean_python, *submit)
    first = _states(clean_python, flow, tmp_path / "runs")
    _call(clean_python, *submit)
    second = _states(clean_python, flow, tmp_path / "runs")

    assert first == {"prepare": {"succeeded": 1}, "convert": {"succeeded": 3}, "finalize": {"succeeded": 1}}
    assert second == {"prepare": {"reused": 1}, "convert": {"reused": 3}, "finalize": {"reused": 1}}


def test_without_a_cluster_a_run_is_local(clean_python: str, flow: Path, tmp_path: Path) -> None:
    _call(clean_python, flow, "submit", "--run-dir", tmp_path / "runs", *PARAMETERS)

    status = json.loads(_call(clean_python, flow, "status", "--run-dir", tmp_path / "runs", "--json"))
    assert (status["executor"], status["state"]) == ("local", "succeeded")


def test_nothing_is_installed_but_what_the_core_needs(clean_python: str) -> None:
    listed = json.loads(_call(clean_python, "-m", "pip", "list", "--format", "json"))
    names = {package["name"] for package in listed} - {"pip", "setuptools"}

    needed = {"reflow-core", "reflow-local", "reflow-slurm", "reflow-sqlite", "pluggy"}
    assert needed <= names <= needed | {"tomli"}


def test_the_plugins_are_found(clean_python: str) -> None:
    listed = _call(clean_python, "-m", "reflow", "plugins")

    assert all(name in listed for name in ("local", "slurm", "sqlite"))


def test_the_command_is_on_the_path(clean_python: str) -> None:
    command = Path(clean_python).with_name("reflow")

    assert "status" in _call(str(command), "--help")


def test_workers_may_have_another_interpreter(
    clean_python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside.py").write_text("NAME = 'beside'\n")
    flow = tmp_path / "flow.py"
    flow.write_text(
        "import ssl, sys\nimport beside\nfrom reflow import Workflow\n\nwf = Workflow('elsewhere')\n\n\n"
        "@wf.job\ndef where() -> list[str]:\n    return [sys.executable, beside.NAME]\n\n\n"
        "if __name__ == '__main__':\n    raise SystemExit(wf.cli())\n"
    )
    monkeypatch.setenv("REFLOW_PYTHON", clean_python)
    words = ["--run-dir", tmp_path / "runs", "--store", tmp_path / "store.db"]

    _call(sys.executable, flow, "submit", "--executor", "local", *words)
    told = json.loads(_call(sys.executable, flow, "results", "--json", *words))
    assert told["where"] == [clean_python, "beside"]
    _call(sys.executable, flow, "submit", "--executor", "local", *words)
    assert json.loads(_call(sys.executable, flow, "status", "--json", *words))["tasks"]["where"][
        "counts"
    ] == {"reused": 1}
