"""On a real cluster what does not hold is made again, element by element, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def failed(user, flows):
    """A run whose last task failed for q; it can be made again now."""
    folder = user.place / "run0"
    folder.mkdir()
    (folder / "broken-q").touch()
    run = user.submit(flows.line)
    assert user.see_end(run) == "failed"
    user.wait(lambda: not run.queue)
    (run.folder / "broken-q").unlink()
    (run.folder / "calls").unlink()
    return run


def calls(run):
    return sorted((run.folder / "calls").read_text().split())


DAMAGE = {
    # the files that are taken away or emptied: what runs again
    (): ["four-q"],
    ("one-q", "two-q", "three-p"): ["four-q"],
    ("three-q", "two-q"): ["four-q", "three-q", "two-q"],
}


@pytest.mark.parametrize("files", DAMAGE, ids=" ".join)
def test_exactly_the_chain_of_the_element_runs_that_misses_files(user, failed, files):
    for name in files:
        (failed.folder / name).unlink()

    failed.run.retry()
    user.wait(lambda: failed.picture["state"] == "succeeded")

    assert calls(failed) == DAMAGE[files]
    assert failed.run.result("four") == ["one two three four "] * 3


def test_the_users_own_verifier_is_asked_and_what_was_built_on_it_is_made_again(user, failed):
    (failed.folder / "two-q").write_text("")

    failed.run.retry()
    user.wait(lambda: failed.picture["state"] == "succeeded")

    assert calls(failed) == ["four-q", "three-q", "two-q"]
    told = " ".join(failed.run.status(as_dict=True)["messages"])
    assert "two[1]: verify=is_whole returned False" in told


@pytest.fixture
def made(user, flows):
    """A run that has made everything, with all its jobs gone."""
    run = user.submit(flows.line)
    assert user.see_end(run) == "succeeded"
    user.wait(lambda: not run.queue)
    return run


def purge(run, *letters):
    for letter in letters:
        for task in ("one", "two", "three"):
            (run.folder / f"{task}-{letter}").unlink()


def test_what_was_purged_stays_away_without_any_job_as_long_as_nobody_needs_it(user, flows, made):
    purge(made, *"pqr")

    again = user.submit(flows.line, verify=True)

    assert user.see_end(again) == "succeeded"
    assert again.counts["three"] == {"reused": 3}
    assert list((again.root / "jobs").iterdir()) == []  # nothing was ever handed over


def test_a_submit_that_verifies_makes_the_chain_again_of_what_must_run(user, flows, made):
    purge(made, "q")

    again = user.submit(flows.line, verify=True, force_tasks=["four"])

    assert user.see_end(again) == "succeeded"
    assert calls(again) == ["four-p", "four-q", "four-r", "one-q", "three-q", "two-q"]
    assert again.run.result("four") == ["one two three four "] * 3
    (told,) = again.run.why("one", 1, as_dict=True)
    assert told["reason"] == "what it had made did not hold any more, and was made again"


def test_verify_names_what_does_not_hold_and_changes_nothing(user, made):
    (made.folder / "one-p").unlink()
    (made.folder / "two-q").write_text("")
    before = made.counts
    words = ["verify", made.run.id, "--run-dir", made.folder, "--json"]

    done = subprocess.run(
        [sys.executable, "-m", "reflow", *map(str, words)], capture_output=True, text=True, check=False
    )

    stale = {(one["task"], one["index"]): one["reason"] for one in json.loads(done.stdout)["stale"]}
    assert done.returncode == 1
    assert set(stale) == {("one", 0), ("two", 1)}
    assert "is_whole returned False" in stale["two", 1]
    assert made.counts == before
    assert not made.queue
