"""Plugins are picked and runs are found in one place."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from reflow.compose.backends import (
    default_run_dir,
    executor_options,
    make_backends,
    make_store,
    store_address,
)
from reflow.compose.runs import known_runs, open_run
from reflow.config.settings import load_settings
from reflow.errors import PluginError, StoreDamaged, UnknownRun
from reflow.model.records import RunEntry
from reflow.rundir.layout import run_paths
from reflow.rundir.runfile import write_run

FLUX = """
    class Flux:
        name = "flux"
        def __init__(self, options): self.options = options
        def ask_ahead(self): pass
        def available(self): return {answer!r}

    def reflow_executors():
        return [Flux]
"""


@pytest.fixture
def flux(tmp_path, monkeypatch):
    """Install an executor that says this when it is asked whether it is available."""

    def install(answer: str | None) -> None:
        folder = tmp_path / "site"
        (folder / "flux_of_test-1.dist-info").mkdir(parents=True)
        (folder / "flux_of_test.py").write_text(textwrap.dedent(FLUX.format(answer=answer)))
        (folder / "flux_of_test-1.dist-info" / "entry_points.txt").write_text(
            "[reflow]\nflux = flux_of_test\n"
        )
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(__import__("sys").modules, "flux_of_test", raising=False)

    return install


def make_run(run_dir: Path, run_id: str, *, listed: bool, created: int = 1) -> None:
    paths = run_paths(str(run_dir), run_id)
    os.makedirs(paths.root)
    info = {
        "workflow": run_id.rsplit("-", 2)[0],
        "store": os.environ["REFLOW_STORE"],
        "cwd": "/",
        "python": "python",
    }
    write_run(
        paths, {**info, "executor": {"name": "inline", "options": {}}, "manifest": {}, "parameters": {}}
    )
    os.utime(paths.run_json, (created, created))
    if listed:
        store, _ = make_store(load_settings())
        results = store.open_results(write=True)
        workflow = run_id.rsplit("-", 2)[0]
        results.record_run(RunEntry(run_id, workflow, str(run_dir), created * 1000, "inline", "{}"))
        results.close()


def test_what_is_available_is_chosen_before_this_machine(flux):
    flux(None)

    backends = make_backends(load_settings())

    assert (backends.executor.name, backends.why) == ("flux", "it is available")
    assert backends.modules == ("flux_of_test", "reflow_sqlite")


def test_what_is_not_available_is_passed_over_and_named(flux):
    flux("it is down")

    backends = make_backends(load_settings())

    assert backends.executor.name == "local"
    assert "flux not available" in backends.why


def test_what_is_named_is_taken_unasked(flux):
    flux("it is down")

    assert make_backends(load_settings(given={"executor.name": "flux"})).executor.name == "flux"
    assert make_backends(load_settings(), executor="flux").executor.name == "flux"


def test_an_object_is_taken_as_it_is(flux):
    flux(None)
    executor = make_backends(load_settings(), executor="flux").executor

    assert make_backends(load_settings(), executor=executor).executor is executor


def test_settings_reach_the_executor():
    settings = load_settings(
        given={"executor.workers": "3"}, environ={"REFLOW_ACCOUNT": "a", "HOME": "/nowhere"}
    )

    assert executor_options(settings) == {"workers": 3, "account": "a", "dispatch": {"mode": "inline"}}


def test_a_plain_address_is_an_absolute_path_of_the_default_store():
    store, module = make_store(load_settings(), "some.db")

    assert (store.name, store.address, module) == ("sqlite", os.path.abspath("some.db"), "reflow_sqlite")


def test_an_address_of_a_store_that_is_not_there_names_what_is_installed():
    with pytest.raises(PluginError, match=r"no store is called 'rest' \(installed: .*sqlite"):
        make_store(load_settings(), "rest://somewhere")


def test_results_are_kept_where_the_desktop_standard_says():
    settings = load_settings(environ={"HOME": "/h"})

    assert store_address(settings) == os.path.join(os.environ["XDG_STATE_HOME"], "reflow", "store.db")
    assert default_run_dir(settings, "demo") == os.path.join("runs", "demo")


def test_a_run_is_found_by_any_unique_part_of_its_id(tmp_path):
    make_run(tmp_path, "demo-20260101-aaaa0000", listed=True)
    make_run(tmp_path, "demo-20260102-bbbb0000", listed=True, created=2)

    assert open_run("aaaa").id == "demo-20260101-aaaa0000"
    assert open_run("20260102").id == "demo-20260102-bbbb0000"
    assert open_run("@last").id == "demo-20260102-bbbb0000"
    for text in ("demo", "cccc", ""):
        with pytest.raises(UnknownRun):
            open_run(text)


def test_the_newest_run_is_that_of_the_workflow(tmp_path):
    make_run(tmp_path, "demo-20260101-aaaa0000", listed=True)
    make_run(tmp_path, "demo-other-20260102-bbbb0000", listed=True, created=2)

    assert open_run("@last", workflow="demo").id == "demo-20260101-aaaa0000"
    assert open_run("bbbb", workflow="demo").id == "demo-other-20260102-bbbb0000"


def test_a_run_whose_directory_is_gone_is_not_the_newest(tmp_path):
    make_run(tmp_path, "demo-20260101-aaaa0000", listed=True)
    make_run(tmp_path, "demo-20260102-bbbb0000", listed=True, created=2)
    os.unlink(run_paths(str(tmp_path), "demo-20260102-bbbb0000").run_json)

    assert open_run("@last").id == "demo-20260101-aaaa0000"


def test_a_run_directory_needs_no_store(tmp_path):
    make_run(tmp_path, "demo-20260101-aaaa0000", listed=False)
    Path(os.environ["REFLOW_STORE"]).write_text(
        "this is no store, and it is longer than a header of SQLite would be"
    )

    settings = load_settings()

    assert open_run("aaaa", run_dir=str(tmp_path)).id == "demo-20260101-aaaa0000"
    assert [run.run_id for run in known_runs(settings, run_dir=str(tmp_path))] == ["demo-20260101-aaaa0000"]
    with pytest.raises(StoreDamaged):
        known_runs(settings)


def test_a_damaged_list_of_runs_hides_no_run_in_the_default_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs" / "demo", "demo-20260101-aaaa0000", listed=False)
    Path(os.environ["REFLOW_STORE"]).write_text(
        "this is no store, and it is longer than a header of SQLite would be"
    )

    assert open_run("@last", workflow="demo").id == "demo-20260101-aaaa0000"
    with pytest.raises(StoreDamaged):
        open_run("bbbb", workflow="demo")


def test_a_run_whose_submit_was_killed_before_it_was_there_is_not_listed(tmp_path):
    make_run(tmp_path, "demo-20250101-aaaaaaaa", listed=True)
    unborn = run_paths(str(tmp_path), "demo-20250101-bbbbbbbb")
    make_run(tmp_path, unborn.run_id, listed=True)
    os.unlink(unborn.run_json)

    assert [run.run_id for run in known_runs(load_settings())] == ["demo-20250101-aaaaaaaa"]
