"""Kept outputs are verified before a retry and when asked, and what does not hold is made again, and no more."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

only_local = pytest.mark.parametrize("executor", ["local"])  # verifying does not depend on what runs it


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


class Tried:
    """A run that is looked at by what it calls from one retry to the next."""

    def __init__(self, lab, wf, out, **given):
        self.lab, self.wf, self.out = lab, wf, out
        self.seen = lab.submit(wf, out=out, **given)
        self._before = self.seen.calls

    def retry(self, task=None, **options):
        with self.lab.home():
            self.seen.run.retry(task, **options)
            self.seen.run.wait(60)
        calls = self.seen.calls
        for call in self._before:
            calls.remove(call)
        self._before = self.seen.calls
        return calls


@pytest.fixture
def broken(lab, flows, out):
    """Make a run of a flow in which some tasks fail, and mend these."""

    def make(name, *tasks, **given):
        for task in tasks:
            (out / f"broken {task}").touch()
        tried = Tried(lab, getattr(flows("verifying"), name), out, **given)
        for task in tasks:
            (out / f"broken {task}").unlink()
        assert tried.seen.state == ("failed" if tasks else "succeeded")
        return tried

    return make


# Retry


def test_a_file_that_is_gone_is_made_again_before_what_failed_is_retried(broken, out):
    tried = broken("line", "use")
    (out / "made").unlink()

    assert tried.retry() == ["make", "use"]
    assert tried.seen.state == "succeeded"
    assert tried.seen.result("use") == "made"


def test_a_file_that_was_never_written_is_made_for_what_failed_without_it(lab, flows, out):
    tried = Tried(lab, flows("verifying").promised, out)
    assert tried.seen.state == "failed"
    (out / "works").touch()

    assert tried.retry() == ["promises", "takes"]
    assert tried.seen.result("takes") == "written"


def test_a_retry_that_is_not_to_verify_trusts_what_was_kept(broken, out):
    tried = broken("line", "use")
    (out / "made").unlink()

    assert tried.retry(verify=False) == ["use"]
    assert "FileNotFoundError" in tried.seen.errors["use[0]"]
    assert tried.retry() == ["make", "use"]
    assert tried.seen.state == "succeeded"


def test_what_holds_is_not_made_again(broken):
    assert broken("chain", "fourth q").retry() == ["fourth q", "last"]


def test_of_a_chain_of_arrays_exactly_the_element_runs_that_misses_a_file(broken, out):
    tried = broken("chain", "fourth q")
    for name in ("second q", "third q"):
        (out / name).unlink()

    assert tried.retry() == ["fourth q", "last", "second q", "third q"]
    assert tried.seen.result("last") == [f"{n} first second third fourth" for n in "pqr"]


def test_a_whole_chain_that_was_cleaned_up_is_made_again_for_the_element_that_needs_it(broken, out):
    tried = broken("chain", "fourth q")
    for file in out.iterdir():
        if not file.name.startswith("fourth"):
            file.unlink()

    assert tried.retry() == ["first q", "fourth q", "last", "second q", "third q"]
    assert tried.seen.state == "succeeded"


def test_a_file_that_nothing_needs_is_left_alone(broken, out):
    tried = broken("chain", "fourth q")
    for name in ("first q", "second q", "third p"):
        (out / name).unlink()

    assert tried.retry() == ["fourth q", "last"]
    assert not (out / "second q").exists()


def test_a_file_that_changed_is_made_again_with_all_that_was_built_on_it(broken, out):
    tried = broken("chain", "fourth q")
    (out / "second q").write_text("somebody else's")

    assert tried.retry() == ["fourth q", "last", "second q", "third q"]
    assert tried.seen.result("last") == [f"{n} first second third fourth" for n in "pqr"]
    told = tried.seen.run.status(as_dict=True)["messages"]
    changed = f"second: 1 instance made again: second[1]: {out / 'second q'} changed since it was made"
    assert changed in told


def test_why_says_that_an_output_was_wrong_and_not_that_another_was_missing(broken, out):
    tried = broken("chain", "fourth p")
    for name in ("second p", "third p"):
        (out / name).unlink()
    for name in ("second q", "second r"):
        (out / name).write_text("somebody else's")
    tried.retry()

    (told,) = tried.seen.run.why("second", 1, as_dict=True)
    changed = f"second[1]: {out / 'second q'} changed since it was made"
    assert told["reason"] == (
        f"its earlier result is stale: it is one of 2 of second that did not hold, such as {changed}"
    )


def test_what_was_built_on_a_file_that_changed_is_made_again_with_what_else_it_needs(broken, out):
    tried = broken("fork", "one")
    (out / "left").write_text("somebody else's")
    (out / "right").unlink()

    assert tried.retry() == ["both", "left", "one", "right"]
    assert tried.seen.state == "succeeded"
    assert tried.seen.result("both") == "leftright"


def test_what_is_gathered_is_made_again_as_far_as_it_is_gone(broken, out):
    tried = broken("chain", "fourth q")
    (out / "fourth r").unlink()

    assert tried.retry() == ["fourth q", "fourth r", "last"]


def test_results_that_were_reused_are_verified_as_those_that_the_run_made(broken, lab, flows, out):
    broken("chain")
    for file in ("third q", "fourth q"):
        (out / file).unlink()
    tried = Tried(lab, flows("verifying").chain, out, mark="new ")
    assert tried.seen.states["fourth"] == "1 failed, 2 succeeded"

    assert tried.retry() == ["fourth q", "last", "third q"]
    assert tried.seen.state == "succeeded"


def test_what_was_made_again_as_it_was_counts_as_what_it_was(broken, lab, flows, out):
    broken("chain")
    for name in ("second q", "third q"):
        (out / name).unlink()
    Tried(lab, flows("verifying").chain, out, mark="new ").retry()

    assert lab.submit(flows("verifying").chain, out=out, mark="new ").calls == []


def test_a_directory_that_was_made_again_as_it_was_counts_as_what_it_was(lab, flows, out, broken):
    broken("stored")
    shutil.rmtree(out / "store")

    again = lab.submit(flows("verifying").stored, out=out, mark="new ", verify=True)

    assert again.calls == ["into", "marks"]
    assert lab.submit(flows("verifying").stored, out=out, mark="new ").calls == []


# Submit


def test_files_that_were_cleaned_up_are_no_work_where_all_that_read_them_is_reused(lab, flows, out, broken):
    broken("chain")
    for name in ("first p", "second p", "second q", "third r"):
        (out / name).unlink()

    for verify in (False, True):
        again = lab.submit(flows("verifying").chain, out=out, verify=verify)
        assert again.calls == []
        assert again.state == "succeeded"


def test_a_submit_that_verifies_makes_the_shortest_chain_again_for_what_must_run(lab, flows, out, broken):
    broken("chain")
    for name in ("first p", "first q", "second q", "third q"):
        (out / name).unlink()

    again = lab.submit(flows("verifying").chain, out=out, mark="new ", verify=True)

    fourth = ["fourth p", "fourth q", "fourth r"]
    assert again.calls == ["first q", *fourth, "last", "second q", "third q"]
    assert again.state == "succeeded"


def test_a_last_output_that_is_gone_is_made_again_by_a_submit_that_verifies(lab, flows, out, broken):
    broken("nested")
    (out / "c").unlink()

    assert lab.submit(flows("verifying").nested, out=out).calls == []
    assert lab.submit(flows("verifying").nested, out=out, verify=True).calls == ["deep"]


@only_local
@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_paths_are_found_however_deep_they_are(lab, flows, out, broken, name):
    broken("nested")
    (out / name).write_text("changed!")

    assert lab.submit(flows("verifying").nested, out=out, verify=True).calls == ["deep"]


@only_local
def test_a_path_that_is_known_by_name_must_be_there_and_may_be_another(lab, flows, out, broken):
    broken("nested")
    (out / "d").write_text("changed!")
    assert lab.submit(flows("verifying").nested, out=out, verify=True).calls == []

    (out / "d").unlink()
    assert lab.submit(flows("verifying").nested, out=out, verify=True).calls == ["named"]


# What users say


@pytest.fixture
def said(tmp_path, monkeypatch):
    """Tell the verifier of the flow what to say."""
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    return (tmp_path / "said").write_text


def test_what_a_function_accepts_is_kept(broken, said):
    assert broken("own", "end").retry() == ["end"]


REJECTED = {
    "bad": "verify=is_good returned False",
    "raise": "its verifier raised RuntimeError: who knows?",
    "exit": "its verifier exited with 3 (sys.exit)",
    "die": "its verifier did not answer: ended with exit status 3",
}


@pytest.mark.parametrize("word", REJECTED)
def test_what_a_function_rejects_is_made_again_with_what_was_built_on_it(broken, said, word):
    tried = broken("own", "end")
    said(word)

    assert tried.retry() == ["double", "end", "number"]
    assert tried.seen.state == "succeeded"
    told = f"number: 1 instance made again: number: {REJECTED[word]}"
    assert any(message.startswith(told) for message in tried.seen.run.status(as_dict=True)["messages"])


@only_local
def test_a_submit_that_verifies_asks_the_function(lab, flows, out, broken, said):
    broken("own")
    said("bad")

    assert lab.submit(flows("verifying").own, out=out).calls == []
    assert lab.submit(flows("verifying").own, out=out, verify=True).calls == ["number"]


@only_local
def test_what_a_function_rejects_and_comes_back_the_same_counts_as_what_it_was(lab, flows, out, broken):
    broken("looked")
    (out / "f").write_text("evil")

    assert lab.submit(flows("verifying").looked, out=out, verify=True).calls == ["by_function"]
    assert lab.submit(flows("verifying").looked, out=out).calls == []


@only_local
def test_what_a_function_rejects_as_it_was_made_is_made_anew_with_what_was_built_on_it(
    lab, flows, out, broken
):
    (out / "bad at first").touch()
    tried = broken("looked")
    assert tried.seen.result("reads_on") == "evil"

    again = lab.submit(flows("verifying").looked, out=out, verify=True)

    assert again.calls == ["by_function", "reads_on"]
    assert again.result("reads_on") == "good"


NAMED = {
    # what happens to the files of by_size and by_checksum: which of these notice
    "touch": [],
    "same size": ["by_checksum"],
    "another size": ["by_checksum", "by_size"],
    "delete": ["by_checksum", "by_size"],
}


def _change(file, how):
    if how == "delete":
        file.unlink()
    elif how == "touch":
        file.touch()
    else:
        file.write_text("*" * (file.stat().st_size + (how == "another size")))


@only_local
@pytest.mark.parametrize("how", NAMED)
def test_named_verifiers_look_at_what_they_are_named_for(lab, out, broken, capsys, how):
    tried = broken("sized")
    for name in "sc":
        _change(out / name, how)
    capsys.readouterr()

    lab.cli(tried.wf, "verify", "--quiet", run_dir=tried.seen.run_dir)

    assert sorted(capsys.readouterr().out.split()) == NAMED[how]


def test_a_file_that_its_verifier_accepts_and_its_reader_would_refuse_is_made_again_for_that(broken, out):
    tried = broken("sized", "reads")
    (out / "s").touch()

    assert tried.retry() == ["by_size", "reads"]
    assert tried.seen.state == "succeeded"


# Reports


def test_verify_says_what_does_not_hold_and_changes_nothing(lab, out, broken, capsys):
    tried = broken("chain")
    for name in ("second q", "fourth r"):
        (out / name).unlink()
    (out / "third p").write_text("changed!")
    before = tried.seen.run.status(as_dict=True)
    capsys.readouterr()

    assert lab.cli(tried.wf, "verify", run_dir=tried.seen.run_dir) == 1

    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"second[1]  {out / 'second q'} is missing",
        f"third[0]  {out / 'third p'} changed since it was made",
        f"fourth[2]  {out / 'fourth r'} is missing",
    ]
    assert f"3 of 14 outputs of run {tried.seen.run.id} do not hold" in told.err
    assert tried.seen.run.status(as_dict=True) == before


@only_local
def test_verify_looks_at_what_is_selected(lab, out, broken, capsys):
    tried = broken("chain")
    (out / "second q").unlink()
    capsys.readouterr()

    for selector, code in (
        ("second", 1),
        ("second[0,2]", 0),
        ("second[1]", 1),
        ("third", 0),
        ("second[failed]", 0),
    ):
        assert lab.cli(tried.wf, "verify", selector, run_dir=tried.seen.run_dir) == code
    assert lab.cli(tried.wf, "verify", "fifth[1]", run_dir=tried.seen.run_dir) == 4


@only_local
def test_verify_says_where_there_is_nothing_to_check(broken, lab, capsys):
    tried = broken("line")
    capsys.readouterr()

    assert lab.cli(tried.wf, "verify", "make[failed]", run_dir=tried.seen.run_dir) == 0

    assert (
        capsys.readouterr().out
        == f"run {tried.seen.run.id}: nothing to check, since no such output is kept\n"
    )


@only_local
def test_verify_gives_its_facts_as_json(lab, out, broken, capsys):
    tried = broken("line")
    (out / "made").unlink()
    capsys.readouterr()

    assert lab.cli(tried.wf, "verify", "--json", run_dir=tried.seen.run_dir) == 1

    assert json.loads(capsys.readouterr().out) == {
        "run_id": tried.seen.run.id,
        "checked": 2,
        "stale": [{"task": "make", "index": 0, "reason": f"{out / 'made'} is missing", "missing": True}],
    }


@only_local
def test_verify_asks_the_users_function_in_a_process_of_its_own(lab, out, broken, said, capfd):
    tried = broken("own")
    said("raise")
    capfd.readouterr()

    assert lab.cli(tried.wf, "verify", run_dir=tried.seen.run_dir) == 1

    told = capfd.readouterr()
    assert told.out == "number  its verifier raised RuntimeError: who knows?\n"
    assert "asked about 1" in told.err


@only_local
def test_a_verifier_that_hangs_ends_with_whoever_asked(lab, out, broken, said, tmp_path, until):
    tried = broken("own")
    said("hang")
    argv = [
        sys.executable,
        "-m",
        "reflow",
        "verify",
        tried.seen.run.id,
        "number",
        "--run-dir",
        tried.seen.run_dir,
    ]
    with lab.home():
        process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    hanging = tmp_path / "said hang"
    until(hanging.exists)

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(hanging.read_text()), 0)
