"""Two processes submit the same flow at once, into one store."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reflow_sqlite import SqliteStore

pytestmark = pytest.mark.slow

FLOW = Path(__file__).parent / "at_once_flow.py"
LATER = 10**15  #: a moment after all that happens here


@pytest.fixture(params=["inline", "local"])
def user(tmp_path, request):
    return User(tmp_path, request.param)


class User:
    """Somebody who types the same twice, in two terminals, for one run directory or two."""

    def __init__(self, place: Path, executor: str) -> None:
        self._executor = executor
        self.notes = place / "notes"
        self.notes.mkdir()
        self._runs = place / "runs"

    def submit_at_once(self, parties: int, times: int, run_dirs: int = 2) -> list[str]:
        """Submit so many times, and return the ids of the runs when all have succeeded."""
        started = [self._start(parties, f"{number % run_dirs}") for number in range(times)]
        told = [process.communicate(timeout=120) for process in started]
        assert [process.returncode for process in started] == [0] * times, told
        return [out.split()[-1] for out, _ in told]

    def results(self, run: str) -> dict[str, Any]:
        """Return what the tasks of a run have returned, all with their one value or all values."""
        argv = [sys.executable, str(FLOW), "results", run, "--json"]
        return json.loads(subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout)

    @property
    def calls(self) -> list[str]:
        return sorted(path.name.split(".")[0] for path in self.notes.iterdir())

    def kept(self, key: str) -> set[str]:
        """Return what the store has of a task that is not stale: values of one identity."""
        with contextlib.closing(SqliteStore(os.environ["REFLOW_STORE"]).open_results(write=False)) as results:
            rows = [row for row in results.earlier(key, 0, LATER) if row.stale is None]
            (identity,) = {row.identity for row in rows}
            return {json.loads(text) for text in results.values([(identity, row.output) for row in rows])}

    def _start(self, parties: int, run_dir: str) -> subprocess.Popen[str]:
        given = [
            "--folder",
            str(self.notes),
            "--parties",
            str(parties),
            "--run-dir",
            str(self._runs / run_dir),
        ]
        argv = [sys.executable, str(FLOW), "submit", "--quiet", "--executor", self._executor, *given]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("run_dirs", [1, 2])
def test_one_does_the_work_or_both_do_and_the_results_agree(user, run_dirs):
    first, second = user.submit_at_once(1, times=2, run_dirs=run_dirs)

    assert user.results(first) == user.results(second)
    assert user.results(first)["join"] == "ALONE A, ALONE B, ALONE C, ALONE A, ALONE B, ALONE C"
    once = ["alone-a", "alone-b", "alone-c", "join", "meet", "words"]
    calls = user.calls
    assert sorted(set(calls)) == once
    assert all(calls.count(call) <= 2 for call in once)
    (again,) = user.submit_at_once(1, times=1)
    assert user.results(again) == user.results(first)
    assert user.calls == calls


def test_two_results_of_one_identity_that_differ_are_both_kept_each_run_with_its_own(user):
    first, second = user.submit_at_once(2, times=2)

    results = [user.results(run) for run in (first, second)]
    assert results[0]["meet"] != results[1]["meet"]
    for found in results:
        assert found["join"] == ", ".join(f"{found['meet']} {letter}".upper() for letter in "abcabc")
    assert user.kept("at-once.meet") == {found["meet"] for found in results}
    calls = user.calls
    (third,) = user.submit_at_once(2, times=1)
    assert user.calls == calls
    assert user.results(third) in results
    assert [user.results(run) for run in (first, second)] == results
