"""Of a log, only what the element's last start wrote says why that ended."""

from __future__ import annotations

import os

import pytest

from reflow.filesystem.files import make_directory
from reflow.run.last_words import last_words
from reflow.rundir.elements import claim, last_start
from reflow.rundir.layout import RunPaths
from reflow.rundir.outcomes import shared_start
from reflow.rundir.segment import Segment

TOKEN = "0" * 20


class Job:
    """An element that is started, writes, and is started again."""

    def __init__(self, run: RunPaths) -> None:
        self.run, self.sub = run, run.submission(TOKEN)
        for folder in (run.logs, self.sub.claims, self.sub.outcomes):
            make_directory(folder)

    def starts(self) -> int:
        start = claim(self.sub, 0, "job:1")
        assert start is not None
        return start

    def begins(self, start: int, *, sealed: bool = False) -> None:
        segment = Segment(self.sub, 0, start)
        segment.started(0, 1, 5, os.path.getsize(self.log) if os.path.exists(self.log) else 0)
        segment.seal() if sealed else segment.flush()

    def writes(self, text: str) -> None:
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(text)

    @property
    def log(self) -> str:
        return self.run.element_log(TOKEN, 0)

    @property
    def last_words(self) -> str:
        return last_words(self.run, TOKEN, 0).text

    @property
    def complaint(self) -> str:
        return last_words(self.run, TOKEN, 0).complaint


@pytest.fixture
def job(tmp_path):
    return Job(RunPaths(str(tmp_path / ".reflow" / "demo-1")))


@pytest.mark.parametrize("sealed", [False, True])
def test_what_an_earlier_start_wrote_is_left_out(job, sealed):
    job.begins(job.starts(), sealed=sealed)
    job.writes("*** JOB 1 CANCELLED DUE TO PREEMPTION ***\n")
    job.begins(job.starts(), sealed=sealed)
    job.writes("well\n")

    assert job.last_words == "well\n"


def test_the_end_of_a_long_log_is_enough(job):
    job.begins(job.starts())
    job.writes("x" * 10_000 + "end")

    assert len(job.last_words) < 5_000
    assert job.last_words.endswith("xend")


def test_a_first_start_that_came_to_no_instance_wrote_the_whole_log(job):
    job.writes("no such module\n")
    assert job.last_words == "no such module\n"

    job.starts()
    assert job.last_words == "no such module\n"


def test_a_later_start_that_came_to_no_instance_may_have_written_none_of_it(job):
    job.begins(job.starts())
    job.writes("*** JOB 1 CANCELLED DUE TO PREEMPTION ***\n")
    job.starts()

    assert job.last_words == ""


def test_workers_that_share_an_element_do_not_say_where_they_found_its_log(job):
    job.begins(shared_start(job.starts(), 0))
    job.writes("first\n")
    assert job.last_words == "first\n"

    job.begins(shared_start(job.starts(), 0))
    assert job.last_words == ""


def test_a_log_that_was_never_made_says_nothing(job):
    assert job.last_words == ""


def test_starts_are_counted_by_element(job):
    for _ in range(12):
        claim(job.sub, 1, "job:1")
    claim(job.sub, 11, "job:1")

    assert [last_start(job.sub, element) for element in (0, 1, 11)] == [0, 11, 0]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ""),
        ("Traceback:\n  File x\nImportError: libfoo.so.3\n\n", "ImportError: libfoo.so.3"),
        ("noise\nreflow: version 1 is there\ninstall 2\n", "version 1 is there; install 2"),
        ("/bin/sh: 3: exec: /opt/python: not found", "/bin/sh: 3: exec: /opt/python: not found"),
        ("\x1b[31mno such thing\x1b[0m\0\n", "[31mno such thing [0m"),
        ("x" * 5000, "x" * 500),
    ],
)
def test_a_start_that_came_to_no_instance_says_why(job, text, complaint):
    job.writes(text)

    assert job.complaint == complaint


def test_what_a_task_printed_is_not_said_to_be_why_its_job_ended(job):
    job.begins(job.starts())
    job.writes("working\n")

    assert job.complaint == ""
