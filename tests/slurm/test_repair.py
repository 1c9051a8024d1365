"""A retry on a real cluster makes again what does not hold, element by element, and nothing else."""

from __future__ import annotations

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
