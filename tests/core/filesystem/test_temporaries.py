"""What a killed writer left is cleared away; what another is writing now is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from reflow.filesystem.files import FORGOTTEN_S, remove_temporaries

WRITE = """
import os, sys
from reflow.filesystem.files import replace_file

def chunks():
    yield b"half"
    print("begun", flush=True)
    sys.stdin.read()
    yield b" and half"

replace_file(sys.argv[1], chunks())
"""


def begin(path):
    """Start a process that is at work on a file until its input ends."""
    argv = [sys.executable, "-c", WRITE, str(path)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"begun\n"
    return process


def test_who_is_at_work_is_left_alone(tmp_path):
    writer = begin(tmp_path / "file")

    remove_temporaries(str(tmp_path))
    writer.communicate()

    assert writer.returncode == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"file": "half and half"}


def test_what_a_killed_writer_left_is_removed(tmp_path):
    writer = begin(tmp_path / "file")
    writer.kill()
    writer.communicate()
    assert len(list(tmp_path.iterdir())) == 1

    remove_temporaries(str(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_another_machine_is_given_an_hour(tmp_path):
    (tmp_path / "new.elsewhere.1.00000000.tmp").touch()
    old = tmp_path / "old.elsewhere.1.00000000.tmp"
    old.touch()
    os.utime(old, (0, time.time() - FORGOTTEN_S - 1))
    (tmp_path / "file.json").touch()

    remove_temporaries(str(tmp_path))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.json", "new.elsewhere.1.00000000.tmp"]


def test_a_directory_that_is_gone_holds_nothing(tmp_path):
    remove_temporaries(str(tmp_path / "gone"))
