"""Commands and scripts mean the same after sbatch and a shell have read them, whatever the names in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflow.plugin import JobRequest, Resources
from reflow_slurm.script import log_pattern, request_problems, submission

TELL = "import json, os, sys; json.dump([os.fsencode(a).hex() for a in sys.argv[1:]], sys.stdout)"
HOSTILE = [
    *(
        "a b",
        "a'b",
        'a"b',
        "$(touch pwned)",
        "`touch pwned`",
        ";touch pwned",
        "a\nb",
        "%j",
        "\\",
        "-rf",
        "--wrap",
    ),
    *(
        "é",
        "e\u0301",
        "\u202egnp",
        "x" * 255,
        "$HOME",
        "~",
        "*",
        "a\n#SBATCH --partition=nope\n",
        "!",
        "'",
        "{a,b}",
    ),
]


def request(**fields):
    """Return a request with names of its own."""
    given = {
        "name": "flow.task.0123456789",
        "argv": ["/usr/bin/python3", "-I", "boot.py"],
        "serve_argv": [],
        "count": 5,
        "instances": 5,
        "resources": Resources(),
        "log_dir": "/run/logs",
        "token": "0123456789abcdef0123",
        "directory": "/run",
        "cwd": "/work",
    }
    return JobRequest(**{**given, **fields})


@given(
    st.lists(
        st.sampled_from(HOSTILE)
        | st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])),
        max_size=20,
    )
)
@settings(max_examples=100)  # of up to twenty words
def test_words_arrive_as_they_are_and_nothing_is_run(words):
    script = submission(request(argv=[sys.executable, "-I", "-S", "-c", TELL, *words]), []).script
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["/bin/sh"], input=script.encode(), cwd=folder, capture_output=True, check=True)

        assert json.loads(done.stdout) == [word.encode().hex() for word in words]
        assert os.listdir(folder) == []


@pytest.mark.parametrize("word", HOSTILE)
def test_only_the_first_line_begins_with_a_hash_before_the_command(word):
    lines = submission(request(argv=["python", word]), []).script.split("\n")

    assert lines[:2] == ["#!/bin/sh", "umask 077"]
    assert lines[2].startswith("exec python ")


@pytest.mark.parametrize("word", HOSTILE)
def test_every_option_is_one_word_of_the_command(word):
    argv = submission(request(cwd=word, log_dir=word), []).argv

    assert f"--chdir={word}" in argv
    assert all(option.startswith("--") for option in argv[1:])


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"argv": ["python", "a\rb"]}, "rename"),
        ({"argv": ["python", "a\udcffb"]}, "rename"),
        ({"name": "a b"}, "job's name"),
        ({"name": "a\n#SBATCH --qos=x"}, "job's name"),
        ({"name": "x" * 256}, "job's name"),
        ({"resources": Resources(submit_options=("--quiet",))}, "--quiet"),
    ],
    ids=str,
)
def test_what_cannot_be_handed_over_is_told_before(fields, problem):
    (told,) = request_problems(request(**fields))

    assert problem in told


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_every_request_is_an_array_from_0(count):
    assert f"--array=0-{count - 1}" in submission(request(count=count), []).argv


def test_parallelism_is_the_arrays():
    assert "--array=0-4%2" in submission(request(resources=Resources(array_parallelism=2)), []).argv


def test_predecessors_are_waited_for_however_they_end():
    assert "--dependency=afterany:7:9" in submission(request(), ["7", "9"]).argv


def test_begin_is_seconds_from_now():
    assert "--begin=now+90" in submission(request(begin_s=90), []).argv


@pytest.mark.parametrize(
    ("of_the_task", "said"),
    [
        ((), ["--exclude=n7,n8"]),
        (("--exclude=n[1-4],m1",), ["--exclude=n7,n8,n[1-4],m1"]),
        (("--exclude=n1", "--exclude=n2"), ["--exclude=n7,n8,n2"]),
        (("--exclusive",), ["--exclude=n7,n8"]),
        (("--exclude=./nodes",), ["--exclude=./nodes"]),
    ],
    ids=str,
)
def test_nodes_that_failed_are_left_out_beside_those_of_the_task(of_the_task, said):
    asked = request(exclude=("n7", "n8"), resources=Resources(submit_options=of_the_task))

    argv = submission(asked, []).argv

    assert [option for option in argv if option.startswith("--exclude=")] == said
    assert ("--exclusive" in argv) == ("--exclusive" in of_the_task)


def test_nodes_of_the_task_alone_are_passed_on():
    asked = request(resources=Resources(submit_options=("--exclude=n1",)))

    assert "--exclude=n1" in submission(asked, []).argv


def test_token_is_in_the_comment():
    assert "--comment=reflow:0123456789abcdef0123" in submission(request(), []).argv


@pytest.mark.parametrize(
    ("directory", "pattern"),
    [("/a b/%j", "/a b/%%j/t.%a.log"), ("/100%", "/100%%/t.%a.log"), ("/a\\b", "/dev/null")],
)
def test_log_directory_is_no_pattern(directory, pattern):
    assert log_pattern(directory, "t") == pattern


def test_text_can_be_typed():
    shown = submission(request(argv=["echo", "a 'b'"]), []).text()
    done = subprocess.run(
        ["/bin/sh", "-c", f"sbatch() {{ cat; }}\n{shown}"], capture_output=True, text=True, check=True
    )

    assert done.stdout.endswith("exec echo 'a '\"'\"'b'\"'\"''\n")
