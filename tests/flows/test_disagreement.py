"""Results of one identity that differ are both kept, each instance with its own, and reported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture
def wf(flows):
    return flows("unsteady").wf


@pytest.fixture
def hidden(tmp_path):
    hidden = tmp_path / "hidden"
    hidden.write_text("1")
    return hidden


def said(seen):
    return [line for line in seen.run.status(as_dict=True)["messages"] if "something else" in line]


def test_a_forced_run_that_returns_something_else_says_so_once_per_task(local_lab, wf, hidden):
    first = local_lab.submit(wf, hidden=hidden)
    hidden.write_text("2")

    again = local_lab.submit(wf, hidden=hidden, force=True)

    assert said(first) == []
    assert said(again) == [
        f"draw: draw[1] and 1 more returned something else than in run {first.run.id} from the same inputs; "
        "both are kept; if it is not deterministic, say cache=False, else raise its version="
    ]
    assert first.result("draw") == ["a", "b 1", "c 1"]
    assert again.result("draw") == ["a", "b 2", "c 2"]


def test_the_newest_is_reused_and_each_instance_keeps_its_own(local_lab, wf, hidden):
    first = local_lab.submit(wf, hidden=hidden)
    hidden.write_text("2")
    local_lab.submit(wf, hidden=hidden, force=True)

    again = local_lab.submit(wf, hidden=hidden)

    assert again.calls == []
    assert again.result("draw") == ["a", "b 2", "c 2"]
    assert first.result("draw") == ["a", "b 1", "c 1"]
    assert said(again) == []


def test_why_of_each_of_them_names_the_run_of_the_other(local_lab, wf, hidden):
    first = local_lab.submit(wf, hidden=hidden)
    hidden.write_text("2")
    again = local_lab.submit(wf, hidden=hidden, force=True)
    reused = local_lab.submit(wf, hidden=hidden)

    with local_lab.home():
        notes = [seen.run.why("draw", 1, as_dict=True)[0]["notes"] for seen in (first, again, reused)]
        same = again.run.why("draw", 0, as_dict=True)[0]["notes"]

    assert notes == [
        [f"run {other.run.id} returned something else from the same inputs"]
        for other in (again, first, first)
    ]
    assert same == []


def test_files_that_were_written_again_and_are_of_one_size_are_no_other_result(local_lab, wf, hidden):
    local_lab.submit(wf, hidden=hidden)
    hidden.write_text("2")

    assert not any(line.startswith("keep") for line in said(local_lab.submit(wf, hidden=hidden, force=True)))


def test_files_of_another_size_are_another_result(local_lab, wf, hidden):
    local_lab.submit(wf, hidden=hidden)
    hidden.write_text("10")

    (told,) = said(local_lab.submit(wf, hidden=hidden, force_tasks=["keep"]))

    assert told.startswith("keep: it returned something else than in run ")


def test_what_is_not_cached_may_return_what_it_likes(local_lab, wf, hidden):
    local_lab.submit(wf, hidden=hidden)
    hidden.write_text("10")

    assert not any(line.startswith("look") for line in said(local_lab.submit(wf, hidden=hidden, force=True)))


def test_what_was_forgotten_is_no_other_result(local_lab, wf, hidden):
    first = local_lab.submit(wf, hidden=hidden)
    hidden.write_text("2")
    with local_lab.home():
        code = wf.cli(
            ["invalidate", "draw", "--yes", "--run-dir", str(first.run_dir), "--store", local_lab.store]
        )

    again = local_lab.submit(wf, hidden=hidden)

    assert code == 0
    assert again.result("draw") == ["a", "b 2", "c 2"]
    assert said(again) == []


SCRIPT = """
from reflow import Workflow
wf = Workflow("grown")
@wf.job
def made() -> str:
    return {value!r}
"""


def test_what_other_code_returns_is_no_other_result(local_lab, flows, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for value in ("then", "by now"):
        (tmp_path / "grown.py").write_text(SCRIPT.format(value=value))
        sys.modules.pop("grown", None)
        seen = local_lab.submit(flows("grown").wf, force=True)

    assert seen.result("made") == "by now"
    assert said(seen) == []


def test_two_runs_that_do_the_same_work_at_once_both_keep_theirs_and_the_later_says_so(
    local_lab, wf, hidden, until
):
    runs = []
    for run_dir in (local_lab.new_run_dir(), local_lab.new_run_dir()):
        run_dir.mkdir()
        (run_dir / "gate").touch()
        seen = local_lab.submit(wf, run_dir=run_dir, wait=False, hidden=hidden)
        until(lambda seen=seen: any(call.startswith("draw") for call in seen.calls))
        runs.append(seen)
    for number, seen in enumerate(runs):
        hidden.write_text(str(number))
        (seen.run_dir / "gate").unlink()
        with local_lab.home():
            seen.run.wait(60)

    assert [seen.result("draw") for seen in runs] == [["a", "b 0", "c 0"], ["a", "b 1", "c 1"]]
    assert [len([line for line in said(seen) if line.startswith("draw")]) for seen in runs] == [0, 1]


def test_two_runs_that_do_the_same_work_at_once_and_agree_share_their_results(local_lab, wf, hidden):
    runs = [local_lab.submit(wf, wait=False, hidden=hidden) for _ in range(2)]
    with local_lab.home():
        for seen in runs:
            seen.run.wait(60)

    assert [seen.result("draw") for seen in runs] == [["a", "b 1", "c 1"]] * 2
    assert [said(seen) for seen in runs] == [[], []]
    assert local_lab.submit(wf, hidden=hidden).calls == []


@pytest.mark.parametrize("is_backwards", [False, True])
def test_a_rebuild_keeps_both_and_the_newest_is_reused(local_lab, wf, hidden, capsys, is_backwards):
    first = local_lab.submit(wf, hidden=hidden)
    like_first = local_lab.submit(wf, hidden=hidden)
    hidden.write_text("2")
    again = local_lab.submit(wf, hidden=hidden, force=True)
    like_again = local_lab.submit(wf, hidden=hidden)
    runs = [first, like_first, again, like_again]
    Path(local_lab.store).write_bytes(b"no store at all")

    places = [
        word for seen in runs[:: -1 if is_backwards else 1] for word in ("--run-dir", str(seen.run_dir))
    ]
    code, _, told = local_lab.type(capsys, "store", "rebuild", "--trust", *places)

    assert code == 0, told
    drawn = [seen.result("draw") for seen in runs]
    assert drawn == [["a", "b 1", "c 1"]] * 2 + [["a", "b 2", "c 2"]] * 2
    assert local_lab.submit(wf, hidden=hidden).result("draw") == ["a", "b 2", "c 2"]
