"""Results can be forgotten by hand, with what was built on them, and are made again by the next submit."""

from __future__ import annotations

import io
import json

import pytest

SECOND = ["fourth q", "last", "second q", "third q"]


@pytest.fixture
def executor():
    return "local"  # forgetting does not depend on what ran it


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def done(lab, flows, out):
    return lab.submit(flows("verifying").chain, out=out)


@pytest.fixture
def invalidate(lab, flows, done):
    def call(*words):
        return lab.cli(flows("verifying").chain, "invalidate", *words, run_dir=done.run_dir)

    return call


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_what_is_forgotten_is_made_again_with_what_was_built_on_it(lab, flows, out, invalidate, done, capsys):
    capsys.readouterr()

    assert invalidate("second[1]", "--yes") == 0

    told = capsys.readouterr().err
    assert f"forget 1 result of run {done.run.id}: second[1]" in told
    assert "and 3 results that it built on that: third[1], fourth[1], last" in told
    assert done.run.state == "succeeded"
    assert lab.submit(flows("verifying").chain, out=out).calls == SECOND
    assert lab.submit(flows("verifying").chain, out=out).calls == []


def test_what_nothing_was_built_on_is_forgotten_alone(lab, flows, out, invalidate, capsys):
    assert invalidate("last", "--yes") == 0

    assert "built on" not in capsys.readouterr().err
    assert lab.submit(flows("verifying").chain, out=out).calls == ["last"]


def test_a_task_is_forgotten_whole(lab, flows, out, invalidate):
    assert invalidate("fourth", "--yes") == 0

    assert lab.submit(flows("verifying").chain, out=out).calls == ["fourth p", "fourth q", "fourth r", "last"]


@pytest.mark.parametrize(
    ("answer", "calls"), [("y\n", SECOND), ("yes\n", SECOND), ("\n", []), ("no\n", []), ("", [])]
)
def test_it_asks_before_it_forgets(lab, flows, out, invalidate, monkeypatch, capsys, answer, calls):
    monkeypatch.setattr("sys.stdin", Terminal(answer))

    assert invalidate("second[1]") == 0

    assert "do that? [y/N]" in capsys.readouterr().err
    assert lab.submit(flows("verifying").chain, out=out).calls == calls


def test_where_nobody_can_be_asked_it_refuses_and_says_what_to_add(
    lab, flows, out, invalidate, monkeypatch, capsys
):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))

    assert invalidate("second[1]") == 2

    assert "to do it unasked, add: --yes" in capsys.readouterr().err
    assert lab.submit(flows("verifying").chain, out=out).calls == []


def test_a_task_that_is_not_there_is_not_taken_for_a_run(invalidate, capsys):
    assert invalidate("secnod", "--yes") == 4

    assert "no run is called 'secnod'" in capsys.readouterr().err


def test_what_a_run_is_still_making_is_not_forgotten(lab, flows, until, capsys):
    wf = flows("gates").wf
    run = lab.submit(wf, names=["a"], wait=False)
    until(lambda: "begin a" in run.calls)

    assert lab.cli(wf, "invalidate", "names", "--yes", run_dir=run.run_dir) == 2

    assert (
        f"run {run.run.id} is running; what it makes is forgotten once it is over" in capsys.readouterr().err
    )
    (run.run_dir / "open").touch()
    run.run.wait(60)


def test_what_to_forget_has_to_be_named(invalidate, capsys):
    assert invalidate("--yes") == 2
    assert (
        "which results are to be forgotten? type: python flow.py invalidate TASK" in capsys.readouterr().err
    )
    assert invalidate("fifth[1]", "--yes") == 4
    assert invalidate("second[7]", "--yes") == 4


def test_what_has_no_result_is_nothing_to_forget(lab, flows, out, invalidate, capsys):
    assert invalidate("second[failed]", "--yes") == 0

    assert "has no results of second[failed]: nothing was forgotten" in capsys.readouterr().err
    assert lab.submit(flows("verifying").chain, out=out).calls == []


def test_it_gives_its_facts_as_json(invalidate, done, capsys):
    capsys.readouterr()

    assert invalidate("third[0:2]", "--yes", "--json") == 0

    assert json.loads(capsys.readouterr().out) == {
        "run_id": done.run.id,
        "done": True,
        "forgotten": {"third": [0, 1]},
        "built_on": {"fourth": [0, 1], "last": [0]},
    }


def test_earlier_results_of_the_same_work_are_forgotten_too(lab, flows, out, invalidate):
    lab.submit(flows("verifying").chain, out=out, force_tasks=["second"])

    assert invalidate("second", "--yes") == 0

    calls = lab.submit(flows("verifying").chain, out=out).calls
    assert [call for call in calls if call.startswith("second")] == ["second p", "second q", "second r"]
