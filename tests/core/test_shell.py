"""Programs are run without a shell, to their end or to their time limit."""

from __future__ import annotations

import os
import sys
import time

import pytest

from reflow.plugin import SchedulerError, run_command, start_command


def python(code, timeout_s=20.0, env=None, **options):
    return run_command([sys.executable, "-c", code], timeout_s, env, **options)


def test_a_program_that_ends_says_what_it_said():
    done = python("import sys; print('out'); print('err', file=sys.stderr)")

    assert (done.ok, done.status, done.stdout, done.stderr) == (True, 0, "out\n", "err\n")


def test_a_program_that_fails_is_described_in_one_line():
    done = python("import sys; sys.exit('one\\ntwo')")

    assert (done.ok, done.status) == (False, 1)
    assert done.describe() == f"{sys.executable} ended with exit status 1: two"


def test_a_program_that_is_killed_is_described_by_its_signal():
    done = python("import os; os.kill(os.getpid(), 9)")

    assert done.status == -9
    assert done.describe().endswith("was killed by signal 9")


class Parent:
    """A program that waits for its child, which says so where it is let go."""

    def __init__(self, folder, **options):
        self._files = [folder / name for name in ("begun", "go", "gone")]
        child = (
            "import os, sys, time; begun, go, gone = sys.argv[1:]; open(begun, 'w').close()\n"
            "while not os.path.exists(go): time.sleep(0.01)\n"
            "open(gone, 'w').close()"
        )
        words = [sys.executable, "-c", child, *map(str, self._files)]
        code = f"import subprocess; subprocess.Popen({words!r}, **{options!r}).wait()"
        self.started = start_command([sys.executable, "-c", code])

    @property
    def has_child(self):
        return self._files[0].exists()

    def child_goes(self):
        """Let the child go, and return whether it was there to do so."""
        self._files[1].touch()
        time.sleep(0.5)
        return self._files[2].exists()


@pytest.fixture
def parent(tmp_path, until):
    def start(**options):
        made = Parent(tmp_path, **options)
        until(lambda: made.has_child)
        return made

    return start


def test_a_program_that_takes_too_long_is_stopped_with_all_that_it_started(parent):
    late = parent()

    done = late.started.result(0.1)

    assert done.status is None
    assert "gave no answer in time" in done.describe()
    assert not late.child_goes()


def test_a_child_that_left_and_holds_the_pipe_is_not_waited_for(parent, until, monkeypatch):
    monkeypatch.setattr("reflow.shell.DRAIN_S", 0.2)
    late = parent(start_new_session=True)

    done = late.started.result(0.1)

    assert done.status is None
    until(late.child_goes)


def test_words_are_not_read_by_a_shell(tmp_path):
    words = ["$(touch pwned)", "`touch pwned`", "; touch pwned", "a b", "*", "-rf", "\n", '"', "'"]
    done = run_command(
        [sys.executable, "-c", "import sys; print(sys.argv[1:])", *words], 20, cwd=str(tmp_path)
    )

    assert done.stdout == f"{words}\n"
    assert os.listdir(tmp_path) == []


def test_the_environment_is_the_one_that_is_given():
    assert python("import os; print(os.environ.get('HOME'))", env={}).stdout == "None\n"
    assert python("import os; print(os.environ['HOME'])").stdout == os.environ["HOME"] + "\n"


def test_standard_input_is_what_is_given_and_else_empty():
    assert python("print(input())", stdin="text\n").stdout == "text\n"
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


@pytest.mark.parametrize("length", [4096, 4097, 1 << 20])
def test_standard_input_may_be_longer_than_what_a_pipe_holds(length):
    assert python("import sys; print(len(sys.stdin.read()))", stdin="x" * length).stdout == f"{length}\n"


def test_a_program_that_reads_no_input_is_no_error():
    assert python("pass", stdin="x").ok
    assert start_command(["true"], stdin="x" * (1 << 20)).result(20).ok


def test_a_program_that_was_waited_for_is_not_stopped():
    started = start_command(["true"])
    done = started.result(20)
    started.stop()

    assert done.ok


def test_bytes_that_are_no_text_are_replaced():
    assert python("import sys; sys.stdout.buffer.write(b'a\\xffb')").stdout == "a\ufffdb"


def test_a_program_that_is_not_there_is_an_error_in_words():
    with pytest.raises(SchedulerError, match=r"cannot start 'no-such-program'.*on PATH"):
        run_command(["no-such-program"], 1.0)


def test_a_program_that_was_started_runs_before_it_is_waited_for(tmp_path, until):
    mark = tmp_path / "mark"
    started = start_command([sys.executable, "-c", "import sys; open(sys.argv[1], 'w').close()", str(mark)])
    until(mark.exists)

    assert started.result(20).ok


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_program_whose_answer_nobody_wants_is_stopped_with_all_that_it_started(parent, is_forgotten):
    unwanted = parent()
    if not is_forgotten:
        unwanted.started.stop()
    del unwanted.started

    assert not unwanted.child_goes()


# Python says of the program that it still runs.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_program_that_cannot_even_be_killed_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("os.killpg", lambda *_: None)  # a signal has to wait, as on a dead file server
    monkeypatch.setattr("reflow.shell.DRAIN_S", 0.2)
    began = time.monotonic()

    done = python("import time; time.sleep(30)", timeout_s=0.2)

    assert time.monotonic() - began < 20
    assert done.describe().endswith("gave no answer in time")
