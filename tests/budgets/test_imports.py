"""Nothing is imported that a command does not need: each of these modules costs more than a command may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import FAN_OUT, PYTHON, Run, submit

LOADED = Path(__file__).parent / "flows" / "loaded.py"

NEVER = {"asyncio", "dataclasses", "importlib.metadata", "inspect", "logging", "multiprocessing", "pathlib"}
NOT_HERE = NEVER | {"pluggy", "shutil", "subprocess", "tempfile"}


def loaded(run: Run, *argv: object) -> set[str]:
    """Return the modules that a command imports beyond those that Python itself starts with."""
    return _imported(run, *argv) - _imported(run, "-c", "pass")


def _imported(run: Run, *argv: object) -> set[str]:
    told = run(PYTHON, "-X", "importtime", *argv).stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in told if line.startswith("import time:")}


def test_importing_reflow_loads_no_parser_no_database_and_no_json(run):
    forbidden = NOT_HERE | {
        "argparse",
        "hashlib",
        "json",
        "sqlite3",
        "reflow.graph",
        "reflow.run",
        "reflow.cli",
    }

    assert not loaded(run, "-c", "import reflow") & forbidden


@pytest.mark.parametrize("command", [["--help"], ["submit", "--help"], ["check"]], ids=" ".join)
def test_what_runs_nothing_loads_no_plugin_and_no_database(run, command):
    forbidden = NOT_HERE | {"hashlib", "sqlite3", "reflow.run", "reflow_sqlite", "reflow_local"}

    assert not loaded(run, FAN_OUT, *command) & forbidden


def test_status_loads_no_executor_and_builds_no_graph(run):
    run(PYTHON, *submit(3))

    found = loaded(run, FAN_OUT, "status", "--run-dir", "runs")

    assert not found & (
        NOT_HERE | {"hashlib", "reflow_local", "reflow.graph.build", "reflow.contracts.executor"}
    )


def test_a_run_that_reuses_everything_starts_nothing_and_loads_nothing_to_start_it(run):
    run(PYTHON, *submit(3))

    assert not loaded(run, *submit(3)) & NOT_HERE


def test_a_worker_loads_what_it_executes_with_and_nothing_of_what_plans(run, tmp_path):
    run(PYTHON, LOADED, "submit", "-q", "--run-dir", "runs", "--executor", "local", "--path", "modules.json")

    found = set(json.loads((tmp_path / "modules.json").read_text(encoding="utf-8")))

    planning = {"reflow.run", "reflow.plan", "reflow.cli", "reflow.graph", "reflow_local", "reflow_sqlite"}
    assert "reflow.worker.serve" in found
    assert not found & (NOT_HERE | {"argparse", "sqlite3"} | planning)
