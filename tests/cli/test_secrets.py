"""A secret is where its run needs it, and nowhere else: no store, log, manifest, command line or message."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reflow.errors import ParameterError

CANARY = "-".join(["canary", "5f1d2c7b"])  # in no copy of this file, so that what holds it was told it


@pytest.fixture
def fetched(terminal, until):
    """A terminal with a run that was given the canary by a file, and what all command lines were meanwhile."""
    (terminal.folder / "token").write_text(CANARY + "\n")
    words = ["submit", "--expected", str(len(CANARY)), "--executor", "local"]
    process = terminal.begin("secretive.py", *words, "--token", "@token")
    place = terminal.folder / "runs" / "secretive"
    until(lambda: (place / "begun").exists())
    terminal.command_lines = b"".join(map(command_line, Path("/proc").glob("[0-9]*")))
    (place / "looked").touch()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    terminal.told = out + err
    os.unlink(terminal.folder / "token")
    return terminal


def command_line(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


def holders(folder):
    """Return the files that hold the canary."""
    return [path for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


def test_it_reaches_the_task(fetched):
    assert fetched.python("secretive.py", "results", "fetch", "--json").json == {"fetch": [len(CANARY), None]}


def test_it_is_in_one_file_of_the_run_that_only_its_user_can_read(fetched):
    (path,) = holders(fetched.folder)

    assert path.name == "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_on_no_command_line_and_in_nothing_that_was_printed(fetched):
    assert b"secretive.py" in fetched.command_lines
    assert CANARY.encode() not in fetched.command_lines
    assert CANARY not in fetched.told


@pytest.mark.parametrize(
    "words",
    [
        ["status", "--json"],
        ["status"],
        ["logs"],
        ["logs", "--json"],
        ["why"],
        ["why", "--json"],
        ["runs", "--json"],
        ["runs"],
        ["results"],
        ["describe"],
        ["submit", "--help"],
    ],
    ids=" ".join,
)
def test_no_command_shows_it(fetched, words):
    told = fetched.python("secretive.py", *words)

    assert told.code == 0
    assert CANARY not in told.out + told.err


def test_what_the_task_raised_is_shown_without_it(fetched):
    (fault,) = fetched.python("secretive.py", "status", "--json").json["failed"]

    assert fault["error"] == "ValueError: *** is no good"


def test_the_same_secret_is_reused_and_another_is_not(fetched):
    words = ["submit", "--expected", str(len(CANARY)), "--executor", "local", "--json"]

    def states(token):
        (fetched.folder / "token").write_text(token)
        counts = fetched.python("secretive.py", *words, "--token", "@token").json["tasks"]["fetch"]["counts"]
        os.unlink(fetched.folder / "token")
        return counts

    assert states(CANARY) == {"reused": 1, "failed": 1}
    assert states("x" * len(CANARY)) == {"succeeded": 1, "failed": 1}
    assert {path.name for path in holders(fetched.folder)} == {"secrets.json"}


def test_it_is_refused_on_the_command_line_without_repeating_it(terminal):
    told = terminal.python("secretive.py", "submit", "--expected", "3", "--token", CANARY)

    assert told.complains(2, "--token is secret", "--token @FILE", "REFLOW_PARAM_TOKEN")
    assert CANARY not in told.err


def test_without_a_terminal_it_is_not_waited_for(terminal):
    told = terminal.python("secretive.py", "submit", "--expected", "3")

    assert told.complains(2, "--token is secret and there is nobody to ask", "REFLOW_PARAM_TOKEN")


def test_it_can_be_given_by_the_environment_and_by_python(terminal, monkeypatch):
    place = terminal.folder / "runs" / "secretive"
    place.mkdir(parents=True)
    (place / "looked").touch()
    monkeypatch.setenv("REFLOW_PARAM_TOKEN", CANARY)
    told = terminal.python("secretive.py", "submit", "--expected", str(len(CANARY)), "--json")
    assert told.json["tasks"]["fetch"]["counts"] == {"succeeded": 1, "failed": 1}

    submit = terminal.workflow("secretive").submit
    with terminal.here():
        run = submit(place, executor="inline", token=CANARY, expected=len(CANARY))
    assert run.status(as_dict=True)["tasks"]["fetch"]["counts"] == {"reused": 1, "failed": 1}
    assert {path.name for path in holders(terminal.folder)} == {"secrets.json"}


def test_one_that_does_not_fit_is_not_shown(terminal):
    submit = terminal.workflow("secretive").submit

    with pytest.raises(ParameterError) as refused:
        submit(terminal.folder / "runs", executor="inline", token=[CANARY], expected=3)

    assert CANARY not in str(refused.value)
    assert "token takes str, not ***" in str(refused.value)
