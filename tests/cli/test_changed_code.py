"""What becomes of earlier results when code changes: said, run again or left alone, and taken for good."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import sqlite3
import sys

import pytest

FLOW = """
import pathlib
from typing import Annotated

from reflow import Param, Result, RunDir, Workflow
from steps_of import clip

wf = Workflow("levels"{workflow})


def called(run_dir, name):
    with open(pathlib.Path(run_dir) / "calls", "a") as calls:
        calls.write(f"{{name}}\\n")


@wf.job
def prepare(here: RunDir, n: Annotated[int, Param(help="How many")] = 3) -> list[int]:
    called(here, "prepare")
    return list(range(n))


@wf.array_job{task}
def convert(here: RunDir, level: Annotated[int, Result(step="prepare")]) -> int:
    called(here, "convert")
    return clip(level)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""
STEPS = """
from bounds import highest


def clip(x):
    return min(x, highest())
"""
BOUNDS = """
LIMIT = 2


def highest():
    return LIMIT
"""


class Project:
    """A flow of three modules, whose user edits it and submits it."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.edits = 0
        self.write("steps_of", STEPS)
        self.write("bounds", BOUNDS)
        self.flow()

    def write(self, name, text):
        (self.terminal.folder / f"{name}.py").write_text(text)

    def flow(self, workflow="", task=""):
        self.write("levels", FLOW.format(workflow=workflow, task=task))

    def edit(self, name, old, new):
        path = self.terminal.folder / f"{name}.py"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        self.edits += 1
        later = path.stat().st_mtime + 2.0 * self.edits  # Python tells compiled files by the second
        os.utime(path, (later, later))

    def submit(self, *words):
        """Submit and return what was called, in sorted order, with what was said."""
        calls = self.terminal.folder / "runs" / "levels" / "calls"
        with contextlib.suppress(FileNotFoundError):
            calls.unlink()
        told = self.type("submit", "--executor", "inline", *words)
        assert told.code == 0, told.err
        return sorted(calls.read_text().split()) if calls.exists() else [], told.err

    def type(self, *words):
        return self.terminal.python("levels.py", *words)

    def results(self):
        return self.type("results", "convert", "--json").json["convert"]


@pytest.fixture
def project(terminal):
    return Project(terminal)


@pytest.fixture
def changed(project):
    """A project that was submitted, and then changed two modules away."""
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 1")
    return project


def test_results_of_other_code_are_reused_and_the_change_is_named(changed):
    calls, said = changed.submit()

    assert calls == []
    assert "convert: 3 reused results were made by other code: LIMIT in bounds.py\n" in said
    assert "prepare:" not in said
    assert said.count("other code") == 1


def test_status_says_it_too_with_what_to_type(changed):
    changed.submit()

    told = changed.type("status").out
    run_id = changed.type("status", "--json").json["run_id"]
    assert f"reflow accept {run_id} convert" in told
    assert "--force-tasks convert" in told


def test_a_script_that_submits_hears_it_on_stderr(changed):
    changed.write("script", "import levels\nlevels.wf.submit(executor='inline')\n")

    told = changed.terminal.python("script.py")

    assert "convert: 3 reused results were made by other code: LIMIT in bounds.py" in told.err
    assert told.out == ""


def test_what_is_no_code_is_not_told(project):
    project.submit()
    project.edit(
        "bounds", "def highest():\n", "def highest():\n    '''The limit.'''\n    # which is a constant\n"
    )

    calls, said = project.submit()
    assert calls == []
    assert "other code" not in said


def test_a_dry_run_says_it_too(changed):
    told = changed.type("submit", "--dry-run")

    assert "convert: 3 reused results were made by other code: LIMIT in bounds.py" in told.out
    assert "accept convert" in told.out
    assert changed.type("submit", "--dry-run", "--json").json["messages"][0].startswith("convert: 3 reused")


@pytest.mark.parametrize(
    ("workflow", "task"),
    [("", "(code='auto')"), (", code='auto'", ""), (", code='version'", "(code='auto')")],
)
def test_auto_runs_again_what_reaches_the_change_and_nothing_else(project, workflow, task):
    project.flow(workflow, task)
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 1")

    calls, said = project.submit()

    assert calls == ["convert"] * 3
    assert "other code" not in said
    assert project.results() == [0, 1, 1]
    assert project.submit()[0] == []


def test_auto_says_which_function_in_which_file_changed_however_far_away(project):
    project.flow(task="(code='auto')")
    project.submit()
    project.edit("bounds", "return LIMIT", "return LIMIT - 1")

    plan = project.type("submit", "--dry-run").out
    said = project.submit()[1]
    told = project.type("why", "convert[0]").out
    facts = project.type("why", "convert[0]", "--json").json[0]

    assert "3 to run (the code changed: highest in bounds.py)" in plan
    assert "convert  3 run  the code changed: highest in bounds.py\n" in said
    assert "  why it ran: the code (highest in bounds.py) changed\n" in told
    assert "<- changed: highest in bounds.py\n" in told
    assert [part["definitions"] for part in facts["parts"] if part["changed"]] == ["highest in bounds.py"]


def test_auto_says_what_is_new_and_what_is_gone(project):
    project.flow(task="(code='auto')")
    project.submit()
    project.write("bounds", "TOP = 1\n\n\ndef highest():\n    return TOP\n")

    said = project.submit()[1]

    assert "the code changed: LIMIT (gone), TOP and highest in bounds.py" in said


def test_why_names_the_code_that_changed_beside_what_made_it_run(changed):
    changed.submit("--n", "4")

    ran = changed.type("why", "convert[3]").out
    reused = changed.type("why", "convert[0]").out

    assert "its code has changed, too, which alone is no reason to run: LIMIT in bounds.py\n" in ran
    assert (
        "its code was another one then (LIMIT in bounds.py); submit warned of it, and nobody has accepted that: "
        "accept convert, or submit --force-tasks convert\n"
    ) in reused


@pytest.mark.parametrize("rule", ["warn", "auto"])
def test_why_says_who_accepted_other_code_when_and_why(project, rule):
    project.flow(task=f"(code={rule!r})")
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 1")
    project.type("accept", "convert", "--yes", "--reason", "only renamed")
    calls, _ = project.submit()

    told = project.type("why", "convert[0]").out

    who = re.escape(pwd.getpwuid(os.getuid()).pw_name)
    assert calls == []
    assert re.search(
        rf"another one then \(LIMIT in bounds.py\); {who} accepted that on 20\d\d-\S+Z: only renamed\n", told
    )


def test_with_auto_why_says_who_accepted_the_last_of_several_changes(project):
    project.flow(task="(code='auto')")
    project.submit()
    for number, reason in (("1", "first"), ("0", "second")):
        project.edit("bounds", f"LIMIT = {int(number) + 1}", f"LIMIT = {number}")
        project.type("accept", "convert", "--yes", "--reason", reason)
        calls, _ = project.submit()

    told = project.type("why", "convert[0]").out

    assert calls == []
    assert re.search(
        r"another one then \(LIMIT in bounds.py\); \S+ accepted that on 20\d\d-\S+Z: second\n", told
    )


def test_with_auto_why_does_not_deny_that_it_was_accepted_where_nobody_knows_by_whom(project):
    project.flow(task="(code='auto')")
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 1")
    project.type("accept", "convert", "--yes")
    with contextlib.closing(sqlite3.connect(project.terminal.store)) as db:
        db.execute("DELETE FROM accepts")
        db.commit()
    project.submit()

    told = project.type("why", "convert[0]").out

    assert (
        "another one then (LIMIT in bounds.py); that was accepted, and by whom is not known any more\n"
        in told
    )


def test_why_says_that_other_code_does_not_count_where_only_the_version_does(project):
    project.flow(task="(code='version')")
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 1")
    project.submit()

    told = project.type("why", "convert[0]").out

    assert 'another one then (LIMIT in bounds.py); with code="version" that does not count\n' in told


RETURNS = """
from typing import Annotated
from reflow import Result, Workflow
wf = Workflow("returns")
@wf.job{task}
def make() -> {returns}:
    return {value}
@wf.job
def last(m: Annotated[{returns}, Result("make")]) -> int:
    return len(m or ())
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.mark.parametrize("task", ["", '(code="version")'])
@pytest.mark.parametrize(
    ("returns", "value", "state"),
    [
        ("list[str]", "['1']", "succeeded"),
        ("list[int | str]", "[1]", "reused"),
        ("list[float]", "[1]", "reused"),
    ],
)
def test_what_other_code_made_is_reused_only_where_the_task_can_return_it_now(
    terminal, task, returns, value, state
):
    def submit(returns, value, *words):
        text = RETURNS.format(task=task, returns=returns, value=value)
        (terminal.folder / "returns.py").write_text(text)
        return terminal.python("returns.py", "submit", *words, "--executor", "inline")

    submit("list[int]", "[1]")

    planned = submit(returns, value, "--dry-run").out
    done = submit(returns, value)
    status = terminal.python("returns.py", "status", "--json").json
    why = terminal.python("returns.py", "why", "make", "--json").json[0]

    assert done.code == 0
    assert status["tasks"]["make"]["counts"] == {state: 1}
    reason = "its earlier result is not what it returns now: [0]: expected str, got int 1"
    assert (why["reason"] == reason) is (state == "succeeded")
    assert (reason in planned) is (reason in done.err) is (state == "succeeded")


def test_auto_can_be_configured_for_tasks_that_say_nothing(changed):
    config = changed.terminal.folder / "config" / "reflow"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[defaults]\ncode = "auto"\n')

    assert changed.submit()[0] == ["convert"] * 3 + ["prepare"]


@pytest.mark.parametrize(("workflow", "task"), [("", "(code='version')"), (", code='version'", "")])
def test_version_is_silent(project, workflow, task):
    project.flow(workflow, task)
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 1")

    calls, said = project.submit()

    assert calls == []
    assert "other code" not in said


def test_forcing_the_task_makes_its_results_those_of_the_present_code(changed):
    assert changed.submit("--force-tasks", "convert")[0] == ["convert"] * 3

    calls, said = changed.submit()
    assert calls == []
    assert "other code" not in said
    assert changed.results() == [0, 1, 1]


def test_code_that_came_back_is_no_other_code(changed):
    changed.edit("bounds", "LIMIT = 1", "LIMIT = 2")

    assert "other code" not in changed.submit()[1]


def test_what_the_code_that_came_back_had_made_is_taken_though_other_code_made_something_later(changed):
    changed.submit("--force-tasks", "convert")
    changed.edit("bounds", "LIMIT = 1", "LIMIT = 2")

    calls, said = changed.submit()

    assert calls == []
    assert "other code" not in said
    assert changed.results() == [0, 1, 2]


def test_why_of_what_the_own_code_had_made_tells_no_other_run_and_no_other_code(changed):
    first = changed.type("status", "--json").json["run_id"]
    changed.submit("--force-tasks", "convert")
    changed.edit("bounds", "LIMIT = 1", "LIMIT = 2")
    changed.submit()

    (told,) = changed.type("why", "convert[2]", "--json").json

    assert told["earlier"]["run_id"] == first
    assert told["notes"] == []


def test_a_dry_run_tells_of_what_the_own_code_had_made(changed):
    changed.submit("--force-tasks", "convert")
    changed.edit("bounds", "LIMIT = 1", "LIMIT = 2")

    assert "other code" not in changed.type("submit", "--dry-run").out


def test_results_of_the_own_code_that_differ_are_told_though_other_code_made_something_since(project):
    project.edit("bounds", "return LIMIT", "return LIMIT + len(open('hidden').read())")
    hidden = project.terminal.folder / "hidden"
    hidden.write_text("")
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 0")
    project.submit("--force-tasks", "convert")
    project.edit("bounds", "LIMIT = 0", "LIMIT = 2")
    hidden.write_text("x" * 5)

    project.submit("--n", "5", "--force-tasks", "convert")
    before = project.results()
    hidden.write_text("")
    said = project.submit("--n", "5", "--force-tasks", "convert")[1]

    assert before == [0, 1, 2, 3, 4]
    assert "convert[3] and 1 more returned something else than in run" in said


# accept


def test_what_was_accepted_is_not_told_again(changed):
    told = changed.type("accept", "convert", "--yes", "--reason", "only renamed")

    assert told.code == 0
    assert "convert: 3 results of other code will count" in told.err
    assert "LIMIT in bounds.py" in told.err
    assert "other code" not in changed.submit()[1]
    assert "nothing to accept" in changed.type("accept", "convert").err


def test_what_was_accepted_is_as_good_as_what_the_own_code_made_before(changed):
    changed.submit("--force-tasks", "convert")
    changed.edit("bounds", "LIMIT = 1", "LIMIT = 2")
    changed.type("accept", "convert", "--yes")

    calls, said = changed.submit()

    assert calls == []
    assert "other code" not in said
    assert changed.results() == [0, 1, 1]


def test_a_later_change_is_told_after_an_earlier_one_was_accepted(changed):
    changed.type("accept", "convert", "--yes")
    changed.edit("bounds", "LIMIT = 1", "LIMIT = 0")

    assert "convert: 3 reused results" in changed.submit()[1]


def test_who_accepted_when_and_why_is_kept(changed):
    changed.type("accept", "convert", "--yes", "--reason", "only renamed")

    with contextlib.closing(sqlite3.connect(changed.terminal.store)) as db:
        ((key, who, reason, created),) = db.execute(
            "SELECT key, who, reason, created FROM accepts"
        ).fetchall()
    assert (key, reason) == ("levels.convert", "only renamed")
    assert who == pwd.getpwuid(os.getuid()).pw_name
    assert created > 1_600_000_000_000


def test_with_auto_what_was_accepted_is_found_under_the_new_identity(project):
    project.flow(task="(code='auto')")
    project.submit()
    project.edit("bounds", "return LIMIT", "return (LIMIT + 0)")

    assert project.type("accept", "convert", "--yes").code == 0
    assert project.submit()[0] == []
    assert project.submit("--n", "4")[0] == ["convert", "prepare"]
    project.edit("bounds", "LIMIT + 0", "LIMIT + 1")
    assert project.submit()[0] == ["convert"] * 3


@pytest.fixture
def tried(project):
    """Submit a flow with ``code="auto"``, change a limit, and submit that."""
    project.flow(task="(code='auto')")
    project.submit()
    project.edit("bounds", "LIMIT = 2", "LIMIT = 1")
    project.submit()
    return project


def test_with_auto_what_was_tried_and_taken_back_is_not_accepted(tried):
    project = tried
    project.edit("bounds", "LIMIT = 1", "LIMIT = 2")
    project.submit()
    before = project.results()
    project.edit("bounds", "return LIMIT", "return (LIMIT + 0)")

    told = [project.type("accept", "convert", "--yes").err for _ in range(2)]

    assert "3 results of other code will count as made by the present one" in told[0]
    assert "there is nothing to accept" in told[1]
    assert project.submit()[0] == []
    assert project.results() == before


def test_with_auto_what_the_own_code_made_later_is_taken_before_what_was_accepted(tried):
    own = tried.results()

    tried.type("accept", "convert", "--yes")

    assert tried.submit()[0] == []
    assert tried.results() == own == [0, 1, 1]


@pytest.mark.parametrize("is_back", [False, True])
def test_with_auto_what_was_accepted_is_forgotten_under_both_identities(project, is_back):
    project.flow(task="(code='auto')")
    project.submit()
    project.edit("bounds", "return LIMIT", "return (LIMIT + 0)")
    project.type("accept", "convert", "--yes")
    if is_back:
        project.edit("bounds", "return (LIMIT + 0)", "return LIMIT")
    project.submit()

    project.type("invalidate", "convert", "--yes")
    new, old = "return (LIMIT + 0)", "return LIMIT"
    project.edit("bounds", *((old, new) if is_back else (new, old)))

    assert project.submit()[0] == ["convert"] * 3


def test_with_auto_results_that_a_change_had_set_aside_stay_aside(tried):
    project = tried
    project.edit("bounds", "return LIMIT", "return (LIMIT + 0)")

    told = project.type("accept", "convert", "--yes")

    assert "3 results of still older code will not" in told.err
    assert project.submit()[0] == []
    assert project.results() == [0, 1, 1]


def test_reflow_accept_takes_the_code_of_a_run(changed):
    changed.submit()
    run_id = changed.type("status", "--json").json["run_id"]
    changed.edit("bounds", "LIMIT = 1", "LIMIT = 0")

    told = changed.terminal.reflow("accept", run_id, "convert", "--yes", "--json")

    assert told.code == 0
    assert told.json["tasks"] == {"convert": 3}
    changed.edit("bounds", "LIMIT = 0", "LIMIT = 1")
    assert "other code" not in changed.submit()[1]


def test_nothing_is_accepted_where_nobody_can_be_asked(changed):
    told = changed.type("accept", "convert")

    assert told.code == 2
    assert told.err.splitlines()[-1] == "if it is right, add: --yes"
    assert "convert: 3 reused" in changed.submit()[1]


@pytest.mark.parametrize(
    ("answer", "code", "is_told"), [(b"y\n", 0, False), (b"n\n", 1, True), (b"\n", 1, True)]
)
def test_a_person_is_asked(changed, answer, code, is_told):
    terminal, screen = os.openpty()
    os.write(terminal, answer)
    try:
        told = changed.terminal.run([sys.executable, "levels.py", "accept", "convert"], stdin=screen)
    finally:
        os.close(terminal)
        os.close(screen)

    assert told.code == code
    assert "accept? [y/N]" in told.err
    assert ("other code" in changed.submit()[1]) is is_told


def test_tasks_that_are_not_there_are_refused(project):
    assert project.type("accept", "convrt").complains(4, "convrt", "convert")
    assert project.type("accept").complains(2, "which task?", "convert")
    assert project.terminal.reflow("accept").complains(2, "which run?")


def test_a_damaged_store_accepts_nothing(changed):
    (changed.terminal.folder / "bad.db").write_text("no database")

    assert changed.type("accept", "convert", "--yes", "--store", "bad.db").complains(3, "bad.db", "damaged")


def test_check_says_what_cannot_be_followed_when_it_is_asked(project):
    project.edit("steps_of", "min(x, highest())", "eval('min(x, highest())')")

    assert "eval" not in project.type("check").out
    told = project.type("check", "-v").out
    assert told.count("clip in steps_of.py:6 calls eval") == 1
    assert "(convert)" in told


def test_help_and_status_read_no_code(changed):
    changed.submit()
    for words in (["--help"], ["status"], ["check"], ["submit", "--help"]):
        told = changed.terminal.run([sys.executable, "-X", "importtime", "levels.py", *words])
        assert "reflow.graph.code" not in told.err


SAME = """
from reflow import Workflow
wf = Workflow("{name}")
OFF = {off}
@wf.job()
def task(n: int = 1) -> int:
    return n + OFF
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


def test_a_change_is_told_by_its_own_file_though_equal_code_stood_in_another(terminal):
    def submit(name, off):
        (terminal.folder / f"{name}.py").write_text(SAME.format(name=name, off=off))
        return terminal.python(f"{name}.py", "submit", "--executor", "inline").err

    submit("one", 1)
    submit("two", 1)

    told = submit("two", 20)
    assert "made by other code: OFF in two.py" in told
    assert "one.py" not in told
