"""``submit`` says in one line per task why something runs, whatever the cause."""

from __future__ import annotations

import os

import pytest


class Author:
    """Somebody who edits a flow and submits it."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.flow = terminal.folder / "causes.py"
        self.out = terminal.folder / "out"
        self.out.mkdir()

    def edit(self, old, new):
        text = self.flow.read_text()
        assert old in text
        self.flow.write_text(text.replace(old, new))

    def type(self, command, *words):
        return self.terminal.python("causes.py", command, *words)

    def submit(self, *words):
        """Submit and return what is said of each task that is not reused, as count and reason."""
        told = self.type("submit", "--executor", "inline", "--folder", ".", "--out", "out", *words)
        assert told.code == 0, told.err
        return reasons(told.err)


def reasons(text):
    """Return what stands in the table behind ``not reused:``, by task."""
    rows = [line.split("  ") for line in text.partition("not reused:\n")[2].splitlines() if line[:2] == "  "]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {name: tuple(rest) for name, *rest in cells}


@pytest.fixture
def author(terminal):
    """One who has submitted once, and made all that was given to that run as it was before."""
    author = Author(terminal)
    author.submit()
    (author.out / "title").unlink()
    return author


ALWAYS = {"look": ("1 run", "it runs always: cache=False")}


def test_nothing_is_said_where_nothing_ran_before(terminal):
    assert Author(terminal).submit() == {}


def test_what_runs_always_is_said_beside_what_is_reused(author):
    assert author.submit() == ALWAYS


def test_a_parameter_and_what_depends_on_it(author):
    assert author.submit("--n", "3") == {
        **ALWAYS,
        "lines": ("1 run", "n changed from 2 to 3"),
        "double": ("1 run, 2 reused", "line changed, which comes from lines"),
    }


def test_a_version(author):
    author.edit("@wf.job\ndef lines", '@wf.job(version="2")\ndef lines')

    assert author.submit()["lines"] == ("1 run", "the version changed from 1 to 2")


@pytest.mark.parametrize("words", [["--force"], ["--force-tasks", "lines"]], ids=" ".join)
def test_what_is_forced(author, words):
    assert author.submit(*words)["lines"] == ("1 run", f"forced: {' '.join(words)}")


def test_a_task_that_is_new(author):
    author.edit("@wf.job(cache=False)", "@wf.job\ndef new() -> int:\n    return 1\n\n\n@wf.job(cache=False)")

    assert author.submit() == {**ALWAYS, "new": ("1 run", "no earlier result of it is in the store")}


def test_a_file_that_is_not_as_it_was_made(author):
    (author.terminal.folder / "kept").write_text("edited by hand")

    count, reason = author.submit()["kept"]

    assert (count, reason) == (
        "1 run",
        "the files of its earlier result were not as it left them, or out of reach",
    )


def test_a_file_that_is_missed_when_asked_to_look(author):
    (author.terminal.folder / "kept").unlink()

    told = author.type("submit", "--executor", "inline", "--folder", ".", "--out", "out", "--verify")

    assert reasons(told.err)["kept"][0] == "1 run"
    assert "kept: an earlier result is not reused" in told.err
    assert "kept is missing" in told.err


def test_a_result_that_was_forgotten(author):
    assert author.type("invalidate", "lines", "--yes").code == 0

    assert author.submit()["lines"][1].startswith("its earlier result is stale: ")


def test_a_verifier_that_rejects(author):
    author.edit("@wf.job\ndef lines", "@wf.job(verify=lambda found: len(found) > 2)\ndef lines")

    count, reason = author.submit("--verify")["lines"]

    assert count == "1 run"
    assert reason.startswith("its earlier result is stale: ")


# A parameter that names what the run itself writes


REMEDY = 'if the run itself writes it, say of out: Param(track="path")'


@pytest.fixture
def writer(terminal):
    """One whose run wrote into the directory that a parameter names, behind the task that is given it."""
    author = Author(terminal)
    author.submit()
    author.run_id = author.type("status", "--json").json["run_id"]
    return author


def test_a_parameter_whose_file_the_earlier_run_wrote_is_said_with_the_remedy(writer):
    count, reason = writer.submit()["title"]

    path = os.path.realpath(writer.out)
    assert count == "1 run"
    assert reason == f"out changed; {path} was written while run {writer.run_id} was at work; {REMEDY}"


def test_a_dry_run_and_why_say_it_too(writer):
    words = ["submit", "--executor", "inline", "--folder", ".", "--out", "out"]

    assert REMEDY in writer.type(*words, "--dry-run").out
    writer.type(*words)
    assert REMEDY in writer.type("why", "title").out


def test_it_is_said_whatever_else_changed(writer):
    reason = writer.submit("--scale", "2")["title"][1]

    assert reason.startswith(("out changed; ", "scale changed from 1.0 to 2.0; "))
    assert reason.endswith(REMEDY)


def test_the_remedy_helps(writer):
    writer.edit("out: Path", 'out: Annotated[Path, Param(track="path")]')
    writer.submit()

    assert "title" not in writer.submit()


def test_nothing_of_that_is_said_of_what_was_written_before_or_after_the_run(writer):
    for when in (1_000_000_000, os.stat(writer.out).st_mtime + 1000):
        for path in (writer.out / "title", writer.out):
            os.utime(path, (when, when))

        assert writer.submit()["title"] == ("1 run", "out changed")


def test_nothing_of_that_is_said_where_the_earlier_run_is_gone(writer):
    for path in (writer.terminal.folder / "runs" / "causes" / ".reflow").iterdir():
        (path / "run.json").unlink()

    assert writer.submit()["title"] == ("1 run", "out changed")
