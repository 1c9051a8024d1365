"""What is typed behind `retry` decides what is looked at before it goes on."""

from __future__ import annotations

import pytest


@pytest.fixture
def cleaned_up(terminal):
    """A terminal whose last run failed for a reason that is mended, and whose file was removed since."""
    broken, run_dir = terminal.folder / "broken", terminal.folder / "runs" / "filed"
    broken.touch()
    assert terminal.python("filed.py", "submit", "--executor", "inline").code == 1
    broken.unlink()
    (run_dir / "made").unlink()
    (run_dir / "calls").unlink()
    return terminal


@pytest.mark.parametrize(
    ("words", "calls", "result"),
    [([], ["make", "use"], "made"), (["--no-verify"], ["use"], "nothing to read")],
    ids=["retry", "retry --no-verify"],
)
def test_a_file_that_is_gone_is_made_again_unless_the_user_types_no_verify(cleaned_up, words, calls, result):
    told = cleaned_up.python("filed.py", "retry", *words)

    assert told.code == 0
    assert (cleaned_up.folder / "runs" / "filed" / "calls").read_text().split() == calls
    assert cleaned_up.python("filed.py", "results", "use", "--json").json["use"] == result


EDITED = "{} was edited since this run was submitted, which works with its own copy of the code; to use the edited code"


def test_status_of_a_run_that_failed_says_that_a_retry_runs_its_copy_of_a_file_that_was_edited(terminal):
    terminal.python("steps.py", "submit", "--bad", "1")
    script = terminal.folder / "steps.py"
    assert "edited" not in terminal.steps("status").out
    script.write_text(script.read_text().replace("if i in bad", "if False"))

    told = terminal.steps("status").out

    assert f"{EDITED.format(script)}, submit again: what is done is reused\n\nnext:" in told
    assert terminal.python("steps.py", "retry").err.count(EDITED.format(script)) == 1


def test_a_run_that_succeeded_says_nothing_of_a_file_that_was_edited(terminal):
    terminal.submit()
    script = terminal.folder / "steps.py"
    script.write_text(script.read_text().replace("if i in bad", "if False"))

    assert "edited" not in terminal.steps("status").out
