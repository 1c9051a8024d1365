"""The first flow that users were shown, and every command line that was shown with it."""

from __future__ import annotations

import pytest

PARAMETERS = ["--start", "2025-01-01", "--end", "2025-01-31", "--bucket", "my-bucket", "--model", "icon"]


@pytest.fixture
def demo(shell):
    """Type a command of ``demo_flow.py``."""
    shell.bring("demo_flow.py")
    return lambda *words, **environment: shell.python("demo_flow.py", *words, **environment)


@pytest.fixture
def submitted(demo):
    """Submit it, and return the run's id."""
    return demo("submit", "--run-dir", "runs", *PARAMETERS, "-q").out.strip()


def test_dag_draws_the_three_tasks(demo):
    drawn = demo("dag").out

    assert [
        word for word in drawn.replace("[]", "").split() if word in ("prepare", "convert", "finalize")
    ] == [
        "prepare",
        "convert",
        "finalize",
    ]
    assert "fan-out" in drawn
    assert "gather" in drawn


def test_help_is_made_from_the_signatures(demo):
    told = demo("submit", "--help")

    assert told.code == 0
    assert "Start date, ISO-8601" in told.out
    assert "--bucket BUCKET" in told.out
    assert "--model {era5,icon}" in told.out
    assert "nc-file" not in told.out
    assert "--paths" not in told.out


def test_a_dry_run_by_environment_shows_the_plan_and_leaves_nothing(demo, shell):
    before = sorted(shell.folder.rglob("*"))

    told = demo("submit", "--run-dir", str(shell.folder / "demo"), *PARAMETERS, REFLOW_MODE="dry-run")

    assert told.code == 0
    assert "would submit" in told.out
    assert "convert[?]" in told.out
    assert sorted(shell.folder.rglob("*")) == before


def test_submit_runs_the_flow_to_its_end(demo):
    told = demo("submit", "--run-dir", "runs", *PARAMETERS)

    assert told.code == 0
    assert "SUCCEEDED" in told.out
    assert demo("results", "--json").json == {
        "prepare": ["a.nc", "b.nc", "c.nc"],
        "convert": ["/data/a.nc.zarr", "/data/b.nc.zarr", "/data/c.nc.zarr"],
        "finalize": "done",
    }


def test_status_shows_a_run_of_a_run_directory(demo, submitted):
    told = demo("status", submitted, "--run-dir", "runs")

    assert told.code == 0
    assert f"{submitted}  SUCCEEDED  5/5" in told.out


@pytest.mark.parametrize("command", ["cancel", "retry"])
def test_a_run_that_succeeded_is_left_as_it_is(demo, submitted, command):
    before = demo("status", submitted, "--run-dir", "runs", "--json").out

    told = demo(command, submitted, "--run-dir", "runs")

    assert told.code == 0
    assert "nothing was changed" in told.out + told.err
    assert demo("status", submitted, "--run-dir", "runs", "--json").out == before


def test_runs_lists_those_of_a_run_directory(demo, submitted):
    assert submitted in demo("runs", "--run-dir", "runs").out
    assert demo("runs", "--run-dir", "elsewhere", "-q").out == ""


def test_describe_is_the_manifest_as_json(demo):
    manifest = demo("describe").json

    assert manifest["workflow"] == "demo"
    assert [task["name"] for task in manifest["tasks"]] == ["prepare", "convert", "finalize"]
    assert [parameter["flag"] for parameter in manifest["parameters"]] == [
        "--start",
        "--end",
        "--model",
        "--bucket",
    ]


def test_the_same_parameters_again_skip_everything(demo, submitted):
    demo("submit", "--run-dir", "runs", *PARAMETERS)

    tasks = demo("status", "--run-dir", "runs", "--json").json["tasks"]
    assert {name: task["counts"] for name, task in tasks.items()} == {
        "prepare": {"reused": 1},
        "convert": {"reused": 3},
        "finalize": {"reused": 1},
    }


@pytest.mark.parametrize(
    "words",
    [["register", "demo_flow.py"], ["list"], ["inspect", "demo"], ["delete", "demo"]],
    ids=lambda words: words[0],
)
def test_what_needs_a_server_says_in_one_line_that_it_is_not_there_yet(shell, words):
    told = shell.reflow(*words, "--server", "https://flow.dkrz.de")

    assert (told.code, told.out) == (2, "")
    assert told.err == f"error: {words[0]!r} is not there yet\n"
