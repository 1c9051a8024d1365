"""The other blocks that users were shown: each works as it is written there."""

from __future__ import annotations

import itertools
import shutil

import pytest

import reflow

COMBINED = """
from reusable_flows import combined, wf
import sys
raise SystemExit({"experiment": wf, "combined": combined}[sys.argv.pop(1)].cli())
"""


@pytest.fixture
def counts(shell):
    """Return the states of the instances of each task, in the newest run of a run directory."""

    def counts(run_dir):
        status = reflow.open_run("@last", shell.folder / run_dir).status(as_dict=True)
        return {name: task["counts"] for name, task in status["tasks"].items()}

    return counts


# signatures


@pytest.fixture(scope="module")
def signatures(long_lived_shell):
    """A shell in which the flow of the signatures ran once."""
    shell = long_lived_shell
    shell.bring("signatures.py")
    told = shell.python("signatures.py", "submit", "--start", "2025-01-01", "--ingest-chunk", "128")
    assert told.code == 0, told.err
    return shell


def test_a_result_is_dependency_and_data(signatures):
    results = signatures.python("signatures.py", "results", "--json").json

    assert results["prepare"] == ["a.nc", "b.nc"]
    assert results["convert"] == ["a.nc.zarr", "b.nc.zarr"]


def test_several_steps_are_one_list_in_their_order(signatures):
    assert signatures.python("signatures.py", "results", "merge", "--json").json == {
        "merge": ["A1", "A2", "B1"]
    }


def test_the_run_directory_is_injected_and_never_on_the_command_line(signatures):
    asked = signatures.python("signatures.py", "submit", "--help").out.partition("options:")[0]

    assert (signatures.folder / "runs" / "signatures" / "cleaned").exists()
    assert "run-dir" not in asked
    assert "run_dir" not in asked


def test_a_local_parameter_carries_the_name_of_its_task(signatures):
    asked = signatures.python("signatures.py", "submit", "--help").out

    assert "--ingest-chunk CHUNK" in asked
    assert "--start START" in asked
    assert "--model {era5,icon}" in asked
    assert signatures.python("signatures.py", "results", "ingest", "--json").json == {
        "ingest": "2025-01-01 128 era5"
    }


# reusable flows


def test_a_flow_is_included_once_or_with_prefixes(shell):
    shell.bring("reusable_flows.py")
    (shell.folder / "main.py").write_text(COMBINED)

    for name in ("experiment", "combined"):
        told = shell.python("main.py", name, "submit", "--start", "2025")
        assert told.code == 0, told.err

    converted = ["2025-a.nc.zarr", "2025-b.nc.zarr"]
    assert shell.python("main.py", "experiment", "results", "convert", "--json").json == {
        "convert": converted
    }
    results = shell.python("main.py", "combined", "results", "--json").json
    assert list(results) == ["era5_prepare", "era5_convert", "icon_prepare", "icon_convert", "merge"]
    assert results["era5_convert"] == results["icon_convert"] == converted
    assert results["merge"] == "merged"


def test_a_flow_that_is_included_twice_shares_its_results(shell, counts):
    shell.bring("reusable_flows.py")
    (shell.folder / "main.py").write_text(COMBINED)

    shell.python("main.py", "experiment", "submit", "--start", "2025")
    shell.python("main.py", "combined", "submit", "--start", "2025")

    found = counts("runs/combined")
    assert found.pop("merge") == {"succeeded": 1}
    assert set(itertools.chain(*found.values())) == {"reused"}


# caching and forcing


@pytest.fixture(scope="module")
def cached(long_lived_shell):
    """A shell in which the script of the chapter on caching ran."""
    long_lived_shell.bring("caching.py")
    told = long_lived_shell.python("caching.py", REFLOW_EXECUTOR="inline")
    assert told.code == 0, told.err
    return long_lived_shell


@pytest.mark.parametrize(
    ("run_dir", "states"),
    [
        ("run0", ("succeeded", "succeeded", "succeeded")),
        ("run1", ("reused", "reused", "succeeded")),  # always_fresh is never taken from the cache
        ("run2", ("succeeded", "succeeded", "succeeded")),  # force=True
        ("run3", ("succeeded", "reused", "succeeded")),  # force_tasks=["prepare"], which returned the same
    ],
)
def test_what_runs_again_is_what_was_asked_for(cached, run_dir, states):
    tasks = reflow.open_run("@last", cached.folder / run_dir).status(as_dict=True)["tasks"]

    assert tuple(task["state"] for task in tasks.values()) == states


def test_another_version_runs_again_until_it_returns_the_same(shell):
    shell.bring("caching.py")
    script = shell.folder / "caching.py"
    once = script.read_text().partition('    wf.submit(run_dir="run1"')[0]
    for version in ("2", "3"):
        script.write_text(once.replace('version="2"', f'version="{version}"'))
        shell.python("caching.py", REFLOW_EXECUTOR="inline")

    tasks = reflow.open_run("@last", shell.folder / "run0").status(as_dict=True)["tasks"]
    assert tasks["prepare"]["state"] == "succeeded"
    assert tasks["convert"]["state"] == "reused"


# verification


def test_a_failed_task_is_retried_with_and_without_verification(shell):
    shell.bring("verification.py")

    told = shell.python("verification.py")

    assert told.code == 0, told.err
    for run_dir in ("run1", "run2"):
        run = reflow.open_run("@last", shell.folder / run_dir)
        assert run.state == "succeeded"
        assert run.result("convert") == ["2025-01-01"]
        assert run.result("compute_stats") == 1.0


# the configuration file


@pytest.fixture
def config(shell, blocks):
    """Put the configuration file where reflow looks for it."""
    folder = shell.folder / "config" / "reflow"
    folder.mkdir(parents=True)
    shutil.copy(blocks / "config.toml", folder)


def test_each_key_of_the_configuration_file_is_known(shell, config):
    told = shell.reflow("config", "show", "--json")

    assert "unknown" not in told.err
    assert {
        key: fact["value"] for key, fact in told.json["settings"].items() if "config.toml" in fact["origin"]
    } == {
        "executor.partition": "compute",
        "executor.account": "bm1159",
        "executor.python": "/sw/spack-levante/mambaforge-23.1/bin/python",
        "executor.mode": "sbatch",
        "defaults.run_dir": "/scratch/k204221/reflow",
        "server.url": "https://flow.dkrz.de",
    }


def test_the_configuration_chooses_executor_and_run_directory(shell, config):
    shell.bring("demo_flow.py")

    plan = shell.python(
        *["demo_flow.py", "submit", "--dry-run", "--json"], *["--start", "a", "--end", "b", "--bucket", "c"]
    ).json

    assert plan["executor"] == "slurm"
    assert plan["run_dir"] == "/scratch/k204221/reflow"


def test_environment_variables_stand_in_for_the_configuration_file(shell):
    shell.bring("demo_flow.py")

    told = shell.python(
        *["demo_flow.py", "submit", "--start", "a", "--end", "b", "--bucket", "c", "-q"],
        REFLOW_EXECUTOR="inline",
        REFLOW_RUN_DIR=str(shell.folder / "here"),
    )

    assert told.code == 0
    assert [path.name for path in (shell.folder / "here" / ".reflow").iterdir()] == [told.out.strip()]
