"""Looking at a run, however often and by however many, changes nothing of it."""

from __future__ import annotations

import itertools
import json
import time

import pytest

WIDTH = 60
LOOKS = 50  #: of each reader
READERS = 2
DONE = ("succeeded", "reused", "failed", "cancelled", "skipped")

READER = """
import contextlib, io, json, sys, time
from pathlib import Path
from steps import wf
from reflow.cli.main import main

looks = []
Path("runs/steps/looks-{number}").touch()
while len(looks) < {looks} or looks[-1][1].count('"state": "running"'):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(wf, ["status", "{run}", "--json"], "python steps.py")
    looks.append([code, out.getvalue(), err.getvalue()])
    time.sleep(0.02)
json.dump(looks, sys.stdout)
"""

WORDS = ["--n", str(WIDTH), "--delay", "0.05"]


def counts(status):
    return {name: task["counts"] for name, task in status["tasks"].items()}


def done(status):
    return {
        name: sum(task["counts"].get(state, 0) for state in DONE) for name, task in status["tasks"].items()
    }


@pytest.fixture(scope="module")
def looked_at(shared_terminal, until):
    """A run of the steps, and all that was seen of it meanwhile: by a handle, and by each of the readers."""
    terminal = shared_terminal
    place = terminal.folder / "runs" / "steps"
    run_id = terminal.steps("submit", *WORDS, "--gate", "--executor", "local", "--detach", "-q").out.strip()
    readers = [
        terminal.begin("-c", READER.format(looks=LOOKS, run=run_id, number=number))
        for number in range(READERS)
    ]
    until(lambda: len(list(place.glob("looks-*"))) == READERS)
    (place / "gate").touch()
    second = terminal.begin(
        "steps.py", "submit", *WORDS, "--n", str(WIDTH + 1), "--executor", "local", "--json"
    )
    handle = terminal.open(run_id)
    seen = [handle.status(as_dict=True)]
    while seen[-1]["state"] == "running" or len(seen) < 2:
        time.sleep(0.01)
        seen.append(handle.status(as_dict=True))
    looks = [json.loads(reader.communicate(timeout=60)[0]) for reader in readers]
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    return {"handle": seen, "readers": looks, "second": json.loads(out), "id": run_id}


def test_it_ends_as_it_would_undisturbed(looked_at, terminal):
    assert counts(looked_at["handle"][-1]) == {
        "prepare": {"succeeded": 1},
        "work": {"succeeded": WIDTH},
        "total": {"succeeded": 1},
    }
    undisturbed = terminal.steps("submit", "--n", str(WIDTH), "--executor", "inline", "--json").json
    assert counts(undisturbed) == counts(looked_at["handle"][-1])


def test_no_reader_fails_and_all_they_read_is_json(looked_at):
    for looks in looked_at["readers"]:
        assert len(looks) >= LOOKS
        assert {(code, err) for code, _, err in looks} == {(0, "")}
        assert {json.loads(out)["run_id"] for _, out, _ in looks} == {looked_at["id"]}


def test_what_is_done_never_falls(looked_at):
    series = [[json.loads(out) for _, out, _ in looks] for looks in looked_at["readers"]]
    for seen in [*series, looked_at["handle"]]:
        for before, after in itertools.pairwise(seen):
            assert all(done(after)[task] >= number for task, number in done(before).items())


def test_the_readers_saw_it_on_its_way(looked_at):
    series = [[done(json.loads(out))["work"] for _, out, _ in looks] for looks in looked_at["readers"]]

    assert all(any(0 < number < WIDTH for number in seen) for seen in series)
    assert all(seen[-1] == WIDTH for seen in series)


def test_another_submit_of_the_same_flow_is_a_run_of_its_own(looked_at):
    second = looked_at["second"]

    assert second["run_id"] != looked_at["id"]
    assert second["state"] == "succeeded"
    assert done(second) == {"prepare": 1, "work": WIDTH + 1, "total": 1}
