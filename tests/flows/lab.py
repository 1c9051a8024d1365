"""A user who submits one run after another, and what they and the tasks see of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reflow import Run, Workflow
from reflow.cli.main import main
from reflow.rundir.layout import run_paths
from reflow.rundir.lease import lease_holder


class Seen:
    """A run that was waited for, as a user and as its own tasks saw it."""

    def __init__(self, run: Run, run_dir: Path) -> None:
        self.run = run
        self.run_dir = run_dir

    @property
    def state(self) -> str:
        return self.run.state

    @property
    def calls(self) -> list[str]:
        """What the tasks wrote down when they were called, in sorted order: independent of what the run says."""
        try:
            return sorted((self.run_dir / "calls").read_text().splitlines())
        except FileNotFoundError:
            return []

    @property
    def states(self) -> dict[str, str]:
        """How many instances of each task are in which state, such as ``2 reused, 1 succeeded``."""
        tasks = self.run.status(as_dict=True)["tasks"]
        return {name: _counted(task) for name, task in tasks.items()}

    @property
    def errors(self) -> dict[str, str]:
        """What failed, by ``task[index]``, and why."""
        return {f"{e['task']}[{e['index']}]": e["error"] for e in self.run.errors()}

    def result(self, task: str) -> Any:
        return self.run.result(task)

    def results(self, task: str) -> Any:
        return self.run.results(task)


def _until_free(seen: Seen, timeout_s: float = 30.0) -> None:
    """Wait for the process that ended a run: it gives the run back a moment after its last word."""
    deadline = time.monotonic() + timeout_s
    while lease_holder(run_paths(str(seen.run_dir), seen.run.id)) is not None:
        assert time.monotonic() < deadline, f"{seen.run.id} is held still"
        time.sleep(0.01)


def _counted(task: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(task["counts"].items()))
    return counts or (f"0 {task['state']}" if task["total"] == 0 else task["state"])


class Lab:
    """A user with a store of their own, who submits one run after another, each to a run directory of its own."""

    def __init__(self, place: Path, executor: str) -> None:
        self.place = place
        self.executor = executor
        self._numbers = itertools.count()

    @contextlib.contextmanager
    def home(self) -> Iterator[None]:
        """Be this user: nothing of the configuration of whoever runs the tests is seen."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("REFLOW_")]:
                patch.delenv(name)
            for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
                patch.setenv(name, str(self.place))
            yield

    @property
    def store(self) -> str:
        return str(self.place / "store.db")

    def new_run_dir(self) -> Path:
        return self.place / f"run{next(self._numbers)}"

    def submit(
        self, workflow: Workflow, *, run_dir: Path | None = None, wait: bool = True, **given: Any
    ) -> Seen:
        """Submit a workflow and wait until it is over, unless told otherwise."""
        place = run_dir or self.new_run_dir()
        with self.home():
            run = workflow.submit(place, executor=self.executor, store=self.store, wait=wait, **given)
        return Seen(run, place)

    def submit_all(self, workflows: Iterable[Workflow]) -> list[Seen]:
        """Submit workflows, and return when all are over."""
        return [self.submit(workflow) for workflow in workflows]

    def retry_all(self, runs: Iterable[Seen]) -> None:
        """Retry runs, and return when all are over and nobody advances one any more."""
        with self.home():
            for seen in runs:
                seen.run.retry()
                seen.run.wait(60)
                _until_free(seen)

    def cli(self, workflow: Workflow, command: str, *words: str, run_dir: Path, **options: str) -> int:
        """Type a command of the workflow's script and return its exit code."""
        argv = [command, *words, "--run-dir", str(run_dir), "--store", self.store]
        with self.home():
            return workflow.cli([*argv, *itertools.chain(*options.items())], "python flow.py")

    def type(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
        """Type a command of ``reflow`` in this process; return its exit code and what it said."""
        with self.home(), pytest.MonkeyPatch.context() as patch:
            patch.setenv("REFLOW_STORE", self.store)
            capsys.readouterr()
            code = main(None, list(words), "reflow")
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    def seen(self, workflow: Workflow, run_dir: Path) -> Seen:
        """Look at the newest run of a run directory."""
        with self.home():
            return Seen(workflow.open_run("@last", run_dir), run_dir)
