"""``why`` answers in the first lines, for people and for programs."""

from __future__ import annotations

import re

import pytest


@pytest.fixture(scope="module")
def ran(shared_terminal):
    """A terminal with two runs of a flow: one that went well, and one with another model, in which one failed."""
    shared_terminal.submit()
    shared_terminal.run_id = shared_terminal.submit("--model", "icon", "--bad", "1")
    return shared_terminal


def test_what_ran_shows_each_part_then_and_now(ran):
    told = ran.steps("why", "work[0]")

    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[0].startswith("work[0]  ")
    assert lines[1] == "  why it ran: bad and model changed"
    assert re.fullmatch(r"  the nearest earlier result: work\[0\] of run steps-\S+, \ds ago", lines[2])
    table = [line.split() for line in lines[4:]]
    assert table[0] == ["then", "now"]
    assert [row[:1] + row[2:] for row in table if row[0] == "model"] == [
        ["model", "'era5'", "'icon'", "<-", "changed"]
    ]
    assert ["i", "from", "prepare[0]", "=", "0", "0"] in table


def test_what_failed_shows_where_and_with_what_and_what_to_type(ran):
    told = ran.steps("why", "work[1]").out

    assert "  why it failed: ValueError: cannot do 1\n" in told
    assert re.search(
        r"    \S+steps.py:\d+, in work\n        raise ValueError\(f\"cannot do \{i\}\"\)\n", told
    )
    assert "i=1" in told
    assert told.splitlines()[-1] == f"next:  python steps.py retry {ran.run_id} 'work[1]'"


def test_what_was_skipped_names_what_failed(ran):
    told = ran.steps("why", "total").out.splitlines()

    assert told[0].endswith("skipped")
    assert told[1] == "  why it was skipped: work[1] failed: ValueError: cannot do 1"


def test_what_was_reused_names_the_run(ran):
    assert (
        "  why it was reused: the same work was done before, by run steps-" in ran.steps("why", "prepare").out
    )


def test_reflow_says_the_same_of_any_run(ran):
    assert ran.reflow("why", ran.run_id, "total").out == ran.steps("why", "total").out


def test_a_run_is_explained_task_by_task_and_state_by_state(ran):
    told = ran.steps("why").out

    names = [block.splitlines()[0].split()[0] for block in told.split("\n\n") if not block.startswith(" ")]
    assert names == ["prepare", "work[0]", "work[1]", "total"]
    assert "  also succeeded: work[2]\n" in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["work[7]"], 4, "work[7] is not there"),
        (["wrk[0]"], 4, "did you mean 'work'"),
        (["work[x]"], 2, "is no index"),
        (["--run", "nosuch"], 4, "nosuch"),
    ],
    ids=str,
)
def test_what_is_not_there_is_said_in_words(ran, words, code, said):
    assert ran.steps("why", *words).complains(code, said)


def test_nothing_that_fits_is_no_error(ran):
    told = ran.steps("why", "work[cancelled]")

    assert (told.code, told.out, told.err) == (0, "", "no instance fits\n")


WHY = {
    "a parameter": (["--model", "icon"], "work", "model changed from 'era5' to 'icon'"),
    "a list": (["--n", "5"], "prepare", "n changed from 3 to 5"),
    "what comes from a task": (["--n", "5"], "total", "parts changed, which comes from work"),
    "force": (["--force"], "total", "forced: --force"),
    "some forced": (["--force-tasks", "work"], "work", "forced: --force-tasks work"),
}


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize("change", WHY)
def test_submit_says_why_a_task_is_not_reused(terminal, change, executor):
    words, task, reason = WHY[change]
    terminal.submit()

    told = terminal.steps("submit", "--executor", executor, *words).err

    (line,) = [line for line in told.partition("not reused:")[2].splitlines() if line.split()[:1] == [task]]
    assert line.endswith(reason)


def test_submit_says_nothing_of_why_where_nothing_ran_before_or_all_is_reused(terminal):
    for _ in range(2):
        assert "not reused" not in terminal.steps("submit", "--executor", "inline").err


def test_a_dry_run_says_why(terminal):
    terminal.submit()

    told = terminal.steps("submit", "--n", "4", "--dry-run")
    facts = terminal.steps("submit", "--n", "4", "--dry-run", "--json").json

    assert "to run (n changed from 3 to 4)" in told.out
    assert facts["tasks"]["prepare"]["reason"] == "n changed from 3 to 4"


LATE = (
    "module 'late_helper' was not loaded when the run was submitted; it came from {} as that is now: "
    "import it at the top of the file that needs it"
)


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_what_no_run_can_reuse_says_so_and_what_runs_for_that_too(terminal, executor):
    submit = ("late.py", "submit", "--executor", executor)
    first = terminal.python(*submit, "-q").out.strip()
    late = LATE.format(terminal.folder / "late_helper.py")

    again = terminal.python(*submit).err

    reason = f"run {first} did the same work, but what it made is not reusable: {late}"
    assert f"  brings  1 run  {reason}\n" in again
    assert f"  why it ran: {reason}\n" in terminal.python("late.py", "why", "brings").out
    then = terminal.python("late.py", "why", first, "brings").out
    assert (
        f"  why it ran: no earlier result of late.brings is in the store\n  what it made is not reusable: {late}\n"
        in then
    )
