"""The screen of ``why``: the answer first, then what it was compared with, then what to type."""

from __future__ import annotations

import pytest

from reflow.run.why import Explanation
from reflow.run.why_ran import ShownPart
from reflow.view.screen import Screen
from reflow.view.why import why_text

NOW_S = 1_790_000_000
PLAIN = Screen(unicode=False)
RAN = Explanation("convert", 7, True, "succeeded", "changed", "chunk changed", attempt=1)
EARLIER = {
    "run_id": "demo-1",
    "index": 7,
    "created_at": "2026-09-19T13:33:20Z",
    "identity": "51be",
    "stale": None,
}
QUEUE = {
    "job": "job 8123456_7",
    "native_id": "8123456",
    "element": 7,
    "since": "2026-09-21T13:00:00Z",
    "at_work": 3,
    "reasons": {"Priority: others go first": 4},
    "as_of": "2026-09-21T13:30:00Z",
}
FAILURE = {
    "type": "OSError",
    "message": "no such file\nsecond line",
    "frames": [
        {"file": "/flow.py", "line": 27, "function": "convert", "code": "read(name)", "arguments": {}},
        {"file": "/io.py", "line": 3, "function": "read", "code": "open(f)", "arguments": {"f": "'b.nc'"}},
    ],
    "arguments": {"name": "'b.nc'", "chunk": "256"},
    "took_s": 41.0,
    "asked_s": 600,
    "peak_mib": 1999,
    "asked_mem_mib": 2048,
    "host": "l10342",
    "log": "/runs/convert.log",
}


def lines(told: Explanation, typed: object = None) -> list[str]:
    return why_text([told.facts()], PLAIN, NOW_S, typed).splitlines()  # type: ignore[arg-type]


def test_what_ran_again_is_shown_beside_the_nearest_result():
    parts = [
        ShownPart("version", "", "1", "1", False),
        ShownPart("input", "chunk", "128", "256", True),
        ShownPart("input", "texts", "['a']", "['b']", True, "check", {"check": [0, 1, 2, 5]}),
        ShownPart("input", "added", None, "1", True),
    ]

    assert lines(RAN._replace(earlier=EARLIER, parts=parts)) == [
        "convert[7]  + succeeded",
        "  why it ran: chunk changed",
        "  the nearest earlier result: convert[7] of run demo-1, 2d00h ago",
        "",
        "                       then   now",
        "  version           =  1      1",
        "  chunk             x  128    256    <- changed",
        "  texts from check  x  ['a']  ['b']  <- changed: check[0-2,5]",
        "  added             x  -      1      <- changed",
    ]


def test_of_what_has_the_same_text_a_file_is_named_only_where_there_is_one():
    parts = [
        ShownPart("input", "file", "'a.nc'", "'a.nc'", True, names_files=True),
        ShownPart("input", "other", "'b.nc'", "'c.nc'", True, names_files=True),
        ShownPart("input", "n", "1.5", "1.5", True),
    ]

    told = lines(RAN._replace(parts=parts))

    assert [line.partition("<- ")[2] for line in told[-3:]] == [
        "changed: a file behind it",
        "changed",
        "changed",
    ]


def test_what_failed_shows_the_error_where_with_what_and_what_it_took():
    told = RAN._replace(state="failed", failure=FAILURE)

    assert lines(told, lambda *words: " ".join(words)) == [
        "convert[7]  x failed",
        "  why it failed: OSError: no such file",
        "    /flow.py:27, in convert",
        "        read(name)",
        "    /io.py:3, in read",
        "        open(f)",
        "        with f='b.nc'",
        "  it was given: name='b.nc'  chunk=256",
        "  it took 41s of 0:10:00 that it asked for, on l10342",
        "  its worker had held up to 1999 MiB by then, of 2048 MiB that it asked for",
        "  its log: /runs/convert.log",
        "  why it ran: chunk changed",
        "next:  logs convert[7]",
        "next:  retry convert[7]",
    ]


SPENT = {
    # what is known: what is said of time and memory
    "nothing": ({"took_s": None, "asked_s": None, "peak_mib": None, "asked_mem_mib": None, "host": None}, []),
    "what was asked": (
        {"took_s": None, "peak_mib": None, "host": None},
        ["it asked for 0:10:00", "it asked for 2048 MiB"],
    ),
    "what was taken": (
        {"asked_s": None, "asked_mem_mib": None, "took_s": 0.2},
        ["it took less than 1s, on l10342", "its worker had held up to 1999 MiB by then"],
    ),
    "where": ({"took_s": None, "asked_s": None, "peak_mib": None, "asked_mem_mib": None}, ["it was on l10342"]),
}  # fmt: skip


@pytest.mark.parametrize("known", SPENT)
def test_time_and_memory_of_what_failed_are_told_as_far_as_they_are_known(known):
    facts, said = SPENT[known]
    told = RAN._replace(state="failed", failure={**FAILURE, "arguments": {}, "log": None, **facts})

    assert [line.strip() for line in lines(told)[7:-1]] == said


def test_what_waits_in_a_queue_shows_its_job_and_the_reason():
    assert lines(RAN._replace(state="submitted", queue=QUEUE)) == [
        "convert[7]  . submitted",
        "  why it runs: chunk changed",
        "  job 8123456_7, handed over at 2026-09-21T13:00:00Z; 3 of its instances are at work",
        "  in the queue: Priority: others go first (4 waiting, as of 2026-09-21T13:30:00Z)",
    ]


def test_one_instance_at_work_is_one():
    told = lines(RAN._replace(state="submitted", queue={**QUEUE, "at_work": 1}))

    assert told[2].endswith("; 1 of its instances is at work")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("reused", "was reused"),
        ("pending", "waits"),
        ("waiting", "waits"),
        ("skipped", "was skipped"),
        ("cancelled", "was cancelled"),
    ],
)
def test_every_state_has_its_question(state, words):
    told = Explanation("convert", None, True, state, "word", "so it is", notes=["and this"])

    assert lines(told)[1:] == [f"  why it {words}: so it is", "  and this"]


def test_a_task_that_could_not_be_expanded_failed():
    told = Explanation("convert", None, True, "failed", "expansion", "its lists are of unequal length")

    assert lines(told)[1] == "  why it failed: its lists are of unequal length"


def test_control_characters_of_values_and_errors_are_written_out():
    parts = [ShownPart("input", "x", "\x1b[2J", "1", True)]
    told = RAN._replace(parts=parts, failure={**FAILURE, "message": "\x1b[31m", "arguments": {"x": "\x07"}})

    assert not any("\x1b" in line or "\x07" in line for line in lines(told))
