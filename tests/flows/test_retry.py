"""A retry runs again what did not succeed, as far as it was asked for, and what that was in the way of."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

NAMES = ["a", "b", "c", "d"]


class Broken:
    """A run in which b, d and alone failed, and whose zipped lists were of unequal length."""

    def __init__(self, lab, wf):
        self.lab, self.wf, self.run_dir = lab, wf, lab.new_run_dir()
        self.run_dir.mkdir()
        self.break_("b", "d", "alone")
        self.seen = lab.submit(wf, run_dir=self.run_dir, names=NAMES)
        self._before = self.seen.calls

    def break_(self, *names):
        for name in names:
            (self.run_dir / f"broken {name}").touch()

    def mend(self, *names):
        for name in names:
            (self.run_dir / f"broken {name}").unlink()

    def retry(self, task=None, **options):
        """Retry from Python, wait, and return what was called."""
        with self.lab.home():
            self.seen.run.retry(task, **options)
            self.seen.run.wait(60)
        return self.new_calls()

    def new_calls(self):
        calls = self.seen.calls
        for call in self._before:
            calls.remove(call)
        self._before = self.seen.calls
        return calls


@pytest.fixture
def broken(lab, flows):
    return Broken(lab, flows("mending").wf)


def test_the_run_is_broken_as_the_tests_expect(broken):
    assert broken.seen.states == {
        "first": "1 succeeded",
        "each": "2 failed, 2 succeeded",
        "then": "2 skipped, 2 succeeded",
        "total": "1 skipped",
        "alone": "1 failed",
        "lengths": "1 succeeded",
        "zipped": "failed",
    }
    assert broken.seen.state == "failed"


def test_a_retry_of_all_runs_what_failed_and_what_was_skipped_and_nothing_else(broken):
    broken.mend("b", "d", "alone")

    calls = broken.retry()

    assert calls == ["alone", "b", "d", "then B", "then D", "total"]
    assert broken.seen.result("total") == "A!B!C!D!"
    assert broken.seen.states == {
        "first": "1 succeeded",
        "each": "4 succeeded",
        "then": "4 succeeded",
        "total": "1 succeeded",
        "alone": "1 succeeded",
        "lengths": "1 succeeded",
        "zipped": "failed",
    }


def test_a_retry_of_one_task_leaves_the_others(broken):
    broken.mend("b", "d", "alone")

    assert broken.retry("alone") == ["alone"]
    assert broken.seen.states["alone"] == "1 succeeded"
    assert broken.seen.states["each"] == "2 failed, 2 succeeded"
    assert broken.seen.state == "failed"


def test_a_retry_of_one_element_runs_it_and_what_is_behind_it(broken):
    broken.mend("b", "d", "alone")

    assert broken.retry("each[1]") == ["b", "then B"]
    assert broken.seen.states["each"] == "1 failed, 3 succeeded"
    assert broken.seen.states["then"] == "1 skipped, 3 succeeded"
    assert broken.seen.states["total"] == "1 skipped"

    assert broken.retry("each[failed]") == ["d", "then D", "total"]


def test_a_retry_of_a_skipped_task_runs_what_it_waits_for(broken):
    broken.mend("b", "d", "alone")

    assert broken.retry("total") == ["b", "d", "then B", "then D", "total"]
    assert broken.seen.states["alone"] == "1 failed"


def test_a_retry_of_what_is_still_broken_fails_again_and_counts_its_attempts(broken):
    broken.mend("d")

    assert broken.retry() == ["alone", "b", "d", "then D"]
    assert broken.retry() == ["alone", "b"]
    assert {f"{e['task']}[{e['index']}]": e["attempt"] for e in broken.seen.run.errors()} == {
        "each[1]": 3,
        "alone[0]": 3,
        "zipped[None]": None,
    }


def test_a_retry_of_a_task_that_cannot_be_expanded_says_the_same_again(broken):
    message = "its lists are of unequal length: name has 4 and length has 3"
    broken.mend("b", "d", "alone")
    broken.retry()
    assert broken.seen.errors == {"zipped[None]": message}

    assert broken.retry("zipped") == []
    assert broken.seen.errors == {"zipped[None]": message}


def test_a_retry_of_an_upstream_expands_a_task_afresh(lab, flows):
    run_dir = lab.new_run_dir()
    run_dir.mkdir()
    (run_dir / "broken lengths").touch()
    seen = lab.submit(flows("mending").wf, run_dir=run_dir, names=["a", "b", "c"])
    assert seen.states["zipped"] == "skipped"

    (run_dir / "broken lengths").unlink()
    with lab.home():
        seen.run.retry("lengths")
        seen.run.wait(60)

    assert seen.result("zipped") == ["A1", "B2", "C3"]
    assert seen.state == "succeeded"


def test_a_retry_takes_what_another_run_has_done_meanwhile(broken):
    broken.lab.submit(broken.wf, names=NAMES)

    assert broken.retry("total") == []
    assert broken.seen.states["each"] == "2 reused, 2 succeeded"
    assert broken.seen.result("total") == "A!B!C!D!"


def test_a_retry_of_a_run_that_is_finished_changes_nothing_and_says_so(lab, flows, capsys):
    wf = flows("mending").wf
    seen = lab.submit(wf, names=["a", "b", "c"])
    before, calls = seen.run.status(as_dict=True), seen.calls
    capsys.readouterr()

    for command in (["retry"], ["retry", "each"], ["retry", "each[1]"]):
        assert lab.cli(wf, *command, run_dir=seen.run_dir) == 0
        told = capsys.readouterr()
        assert (
            f"nothing to retry in run {seen.run.id} (succeeded): nothing was changed" in told.out + told.err
        )
    with lab.home():
        seen.run.retry()

    assert seen.run.status(as_dict=True) == before
    assert seen.calls == calls


def test_the_command_line_retries_in_the_foreground_and_ends_as_the_run_does(lab, flows, capsys):
    wf = flows("mending").wf
    broken = Broken(lab, wf)

    assert lab.cli(wf, "retry", "alone", run_dir=broken.run_dir) == 1
    assert broken.new_calls() == ["alone"]
    assert lab.cli(wf, "retry", "nonsense[1]", run_dir=broken.run_dir) == 4
    assert "has no task 'nonsense'" in capsys.readouterr().err
    assert broken.new_calls() == []


def test_the_log_of_each_attempt_is_kept(broken, capfd):
    in_terminal = broken.lab.executor == "inline"
    broken.retry("each[1]")
    broken.mend("b")
    broken.retry("each[1]")
    capfd.readouterr()

    printed = broken.seen.run.logs("each", 1).partition("Traceback")[0]
    assert printed == ("" if in_terminal else "worked on b\n")
    broken.lab.cli(broken.wf, "logs", "each[1]", run_dir=broken.run_dir)
    told = capfd.readouterr().out
    assert told.count("worked on b\n") == (0 if in_terminal else 3)
    assert told.count("ValueError: b is broken\n") == 2
    assert "worked on d" not in told


def test_an_instance_that_is_retried_runs_again_whatever_the_number_of_its_index(broken):
    broken.mend("b", "d", "alone")

    assert broken.retry("each[0:2,3]") == ["b", "d", "then B", "then D", "total"]


def _spoil(store, how):
    if how == "gone":
        store.unlink()
    elif how == "damaged":
        store.write_bytes(os.urandom(8192))
    else:
        with contextlib.closing(sqlite3.connect(store)) as db:
            db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("how", ["gone", "damaged", "newer"])
def test_a_retry_goes_on_without_the_store_that_its_run_had_reused_results_of(local_lab, flows, how):
    wf = flows("mending").wf
    Broken(local_lab, wf)
    broken = Broken(local_lab, wf)
    assert broken.seen.states["each"] == "2 failed, 2 reused"
    _spoil(Path(local_lab.store), how)
    broken.mend("b", "d")

    assert "then B" in broken.retry("total")
    assert broken.seen.result("total") == "A!B!C!D!"
    assert list((broken.run_dir / ".reflow").glob("*/control/retry*")) == []
