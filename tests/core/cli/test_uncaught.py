"""A script ends in words for what its user can put right, and in a traceback for all else."""

import subprocess
import sys

import pytest

HEAD = "import sys\nfrom reflow import Workflow\nwf = Workflow('x')\n"


@pytest.fixture
def script(tmp_path):
    """Run a script of these lines; return its exit code and what it said on stderr."""

    def script(text, *flags):
        (tmp_path / "script.py").write_text(text)
        argv = [sys.executable, *flags, "script.py"]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stderr

    return script


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("wf.submit(n=1)", 2, "error: x has no parameter 'n'"),
        ("wf.open_run('nowhere')", 4, "error: no run is called 'nowhere'"),
        ("wf.include(wf)", 2, "error: "),
    ],
)
def test_what_a_user_can_put_right_is_said_with_its_place(script, line, code, words):
    ended, said = script(HEAD + line)

    assert ended == code
    assert said.startswith(words)
    assert said.endswith(("  --> script.py:4\n", "/script.py:4\n"))
    assert len(said.splitlines()) <= 3


def test_any_other_exception_is_a_traceback(script):
    ended, said = script(HEAD + "1 / 0")

    assert ended == 1
    assert said.startswith("Traceback")


def test_developers_get_their_traceback(script):
    ended, said = script(HEAD + "wf.submit(n=1)", "-X", "dev")

    assert ended == 1
    assert "Traceback" in said


def test_a_hook_of_somebody_else_is_left_alone(script):
    ended, said = script(
        "import sys\nsys.excepthook = lambda *_: print('mine', file=sys.stderr)\n" + HEAD + "wf.submit(n=1)"
    )

    assert (ended, said) == (1, "mine\n")
