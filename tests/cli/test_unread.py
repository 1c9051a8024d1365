"""What cannot be shown, or is read by nobody any more, neither stops a run nor changes how its command ends."""

from __future__ import annotations

import os
import subprocess

import pytest

SLOW = ["submit", "--executor", "local", "--n", "4", "--delay", "0.2", "--workers", "1"]


@pytest.fixture
def nobody():
    """The end of a pipe that nobody reads from."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.fixture
def full():
    """A disk that has no space left."""
    with open("/dev/full", "w") as file:
        yield file.fileno()


@pytest.fixture(params=["nobody", "full"])
def unshown(request):
    return request.getfixturevalue(request.param)


def state(terminal):
    return terminal.steps("status", "--json").json["state"]


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--bad", "1"], 1)], ids=["succeeds", "fails"])
def test_a_run_goes_on_whose_progress_cannot_be_shown(terminal, unshown, words, code):
    process = terminal.begin("steps.py", *SLOW, *words, stderr=unshown)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == code
    assert ("SUCCEEDED", "FAILED")[code] in out
    assert state(terminal) == ("succeeded", "failed")[code]


def test_a_run_goes_on_when_who_read_its_progress_has_seen_enough(terminal):
    process = terminal.begin("steps.py", *SLOW, stderr=subprocess.STDOUT)
    process.stdout.readline()
    process.stdout.close()

    assert process.wait(60) == 0
    assert state(terminal) == "succeeded"


def test_an_error_that_cannot_be_shown_ends_with_its_exit_code(terminal, unshown):
    for words, code in ((["status", "nowhere"], 4), (["sumbit"], 2), (["submit", "--nope"], 2)):
        process = terminal.begin("steps.py", *words, stderr=unshown)

        assert process.communicate(timeout=60)[0] == ""
        assert process.returncode == code, words


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", [[], ["-q"], ["--json"]], ids=str)
def test_a_command_ends_as_its_run_did_when_nobody_reads_what_it_prints(terminal, nobody, words, unbuffered):
    environment = os.environ | terminal.home | {"PYTHONUNBUFFERED": unbuffered}

    def typed(*argv):
        process = terminal.begin("steps.py", *argv, *words, stdout=nobody, env=environment)
        told = process.communicate(timeout=60)[1]
        assert "Traceback" not in told
        assert "Exception ignored" not in told
        return process.returncode

    assert typed("submit", "--executor", "local", "--bad", "1") == 1
    assert state(terminal) == "failed"
    assert typed("wait") == 1
    assert typed("status", "--exit-code") == 1
    assert typed("status") == 0
    assert typed("status", "nowhere") == 4


def test_help_that_nobody_reads_is_no_error(terminal, nobody):
    for words in (["--help"], ["submit", "--help"]):
        process = terminal.begin("steps.py", *words, stdout=nobody)

        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0


def test_logs_end_when_their_reader_has_seen_enough(terminal):
    run_id = terminal.steps(*SLOW, "--n", "600", "--detach", "-q").out.strip()
    following = terminal.begin("steps.py", "logs", "-f")
    assert following.stdout.readline().startswith("working on")
    following.stdout.close()

    assert following.wait(60) == 0
    assert following.stderr.read() == ""
    following.stderr.close()
    assert state(terminal) == "running"
    terminal.steps("cancel", run_id)
