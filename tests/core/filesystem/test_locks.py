"""A lock has one holder, who is named; a dead one's lock is broken, a live one's never."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from reflow.filesystem import locks
from reflow.filesystem.locks import Holder, LockFile
from reflow.filesystem.process import this_process

HOLD = """
import sys
from reflow.filesystem.locks import LockFile
print(LockFile(sys.argv[1], job="4711").take(), flush=True)
input()
"""
COUNT = """
import sys, time
from reflow.filesystem.locks import LockFile
path, log = sys.argv[1:]
for _ in range(15):
    lock = LockFile(path)
    while lock.take() is not None:
        time.sleep(0.001)
    with open(log, "r+") as file:
        number = int(file.read())
        time.sleep(0.001)
        file.seek(0)
        file.write(str(number + 1))
    lock.release()
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


@pytest.fixture
def holder(path):
    """Return another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "None\n"
    yield process
    process.kill()
    process.communicate()


def write_lock(path, holder, age_s=0.0):
    with open(path, "w", encoding="ascii") as file:
        file.write(json.dumps(holder._asdict()) if isinstance(holder, Holder) else holder)
    os.utime(path, (time.time() - age_s, time.time() - age_s))


FAR_AWAY = Holder("abc", this_process()._replace(host="node7"), "4711")


def test_the_first_takes_it_and_the_second_is_told_who_did(path):
    first, second = LockFile(path), LockFile(path)

    assert first.take() is None
    told = second.take()
    assert told is not None
    assert told.process == this_process()
    assert (first.held, second.held) == (True, False)


def test_what_was_given_back_can_be_taken(path):
    first, second = LockFile(path), LockFile(path)
    first.take()
    first.release()

    assert second.take() is None
    assert first.held is False


def test_one_object_takes_and_gives_back_any_number_of_times(path):
    lock = LockFile(path)
    for _ in range(3):
        assert lock.take() is None
        lock.release()

    assert not os.path.exists(path)


def test_nothing_is_left_beside_it(path, tmp_path):
    lock = LockFile(path)
    lock.take()
    taken = os.listdir(tmp_path)
    LockFile(path).take()
    lock.release()

    assert taken == ["lock"]
    assert os.listdir(tmp_path) == []


def test_whoever_does_not_hold_it_cannot_give_it_back(path):
    first, second = LockFile(path), LockFile(path)
    first.take()
    second.take()
    second.release()

    assert second.take() is not None


def test_a_lock_that_was_broken_meanwhile_is_not_taken_from_its_new_holder(path):
    first, second = LockFile(path), LockFile(path)
    first.take()
    os.unlink(path)
    second.take()
    first.release()

    assert os.path.exists(path)
    second.release()


def test_a_live_process_keeps_it_however_old_its_beat_is(path, holder):
    os.utime(path, (0, 0))

    told = LockFile(path).take()
    assert told is not None
    assert (told.process.pid, told.job) == (holder.pid, "4711")
    assert told.describe() == f"process {holder.pid} on {os.uname().nodename} in job 4711"


def test_the_lock_of_a_killed_process_is_broken(path, holder):
    holder.kill()
    holder.wait()
    lock = LockFile(path)

    assert lock.take() is None
    assert lock.holder().process == this_process()


def test_what_a_killed_holder_left_beside_it_goes_too(path, holder, tmp_path):
    dead = LockFile(path).holder()
    os.link(path, f"{path}.{dead.nonce}")
    holder.kill()
    holder.wait()
    lock = LockFile(path)
    lock.take()
    lock.release()

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("age_s", "broken"), [(0, False), (locks.STALE_S - 30, False), (locks.STALE_S + 30, True)]
)
def test_a_lock_of_another_machine_is_broken_when_its_beat_stood_still(path, age_s, broken):
    write_lock(path, FAR_AWAY, age_s)

    assert (LockFile(path).take() is None) is broken


@pytest.mark.parametrize(
    ("age_s", "is_over", "broken", "asked"),
    [
        (locks.MISSED_S + 10, True, True, ["4711"]),
        (locks.MISSED_S + 10, False, False, ["4711"]),
        (locks.MISSED_S - 10, True, False, []),
        (locks.STALE_S + 30, False, True, []),
    ],
)
def test_a_lock_of_another_machine_is_broken_when_a_beat_is_missing_and_its_job_is_over(
    path, age_s, is_over, broken, asked
):
    questions = []
    write_lock(path, FAR_AWAY, age_s)
    lock = LockFile(path, is_over=lambda job: questions.append(job) or is_over)

    assert lock.is_free() is broken
    assert questions == asked
    assert (lock.take() is None) is broken


def test_nobody_is_asked_about_a_holder_without_a_job(path):
    write_lock(path, FAR_AWAY._replace(job=""), locks.MISSED_S + 10)

    assert not LockFile(path, is_over=lambda job: True).is_free()


def test_whoever_has_given_it_back_has_not_died(path):
    assert not LockFile(path, is_over=lambda job: True).has_died(FAR_AWAY)


def test_nobody_can_tell_how_old_a_beat_is_where_nothing_can_be_written(tmp_path):
    path = str(tmp_path / ("l" * 255))  # a longer name, of what would be written beside it, no file can have
    write_lock(path, FAR_AWAY, locks.STALE_S + 30)

    assert not LockFile(path).is_free()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")
def test_not_even_root_writes_beside_a_lock_of_somebody_else_to_ask_whether_it_is_free(path, tmp_path):
    write_lock(path, FAR_AWAY, locks.STALE_S + 30)
    os.chown(path, 65534, 65534)
    before = os.stat(tmp_path).st_mtime_ns

    assert not LockFile(path).is_free()
    assert os.stat(tmp_path).st_mtime_ns == before


def test_what_a_process_left_that_died_while_it_asked_is_cleared_away(path, tmp_path, monkeypatch):
    write_lock(path, FAR_AWAY)
    died = LockFile(path)
    died._mine = died._mine._replace(process=this_process()._replace(started="0"))
    with monkeypatch.context() as before_it_could_remove:
        before_it_could_remove.setattr(locks, "_remove", lambda path: None)
        died.is_free()
    left = os.listdir(tmp_path)

    LockFile(path).clear_remains()
    assert len(left) == 2
    assert os.listdir(tmp_path) == ["lock"]


def test_a_beat_keeps_it(path, monkeypatch):
    lock = LockFile(path)
    lock.take()
    os.utime(path, (0, 0))
    lock.beat()
    just_taken = os.stat(path).st_mtime
    monkeypatch.setattr(locks, "BEAT_S", -1.0)
    lock.beat()

    assert just_taken == 0
    assert time.time() - os.stat(path).st_mtime < 60


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"nonce": "x"}', '{"nonce": "x", "process": 7}', "\0" * 50]
)
def test_a_lock_that_says_nothing_sensible_is_held_until_its_beat_stood_still(path, tmp_path, text):
    write_lock(path, text)
    fresh = LockFile(path).take()
    write_lock(path, text, locks.STALE_S + 30)
    lock = LockFile(path)

    assert fresh is not None
    assert lock.take() is None
    lock.release()
    assert os.listdir(tmp_path) == []


def test_two_that_break_one_dead_lock_do_not_both_get_it(path, monkeypatch):
    write_lock(path, FAR_AWAY, locks.STALE_S + 30)
    slow, quick = LockFile(path), LockFile(path)
    breaking = slow._break
    monkeypatch.setattr(slow, "_break", lambda dead: (quick.take(), breaking(dead)))

    assert slow.take() is not None
    assert (slow.held, quick.held) == (False, True)
    assert quick.holder().nonce == quick._mine.nonce


def test_a_link_in_its_place_is_not_followed(path, tmp_path):
    (tmp_path / "target").write_text("{}")
    os.symlink(tmp_path / "target", path)

    with pytest.raises(OSError):
        LockFile(path).take()
    assert (tmp_path / "target").read_text() == "{}"


def test_no_two_hold_it_at_once(path, tmp_path):
    log = tmp_path / "log"
    log.write_text("0")
    counters = [subprocess.Popen([sys.executable, "-c", COUNT, path, str(log)]) for _ in range(4)]

    assert [counter.wait() for counter in counters] == [0] * 4
    assert log.read_text() == "60"


@pytest.mark.parametrize("call", ["link", "unlink", "fsync"])
def test_a_kill_while_taking_it_stops_nobody(path, call):
    for number in range(1, 4):
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        strace += ["-e", f"inject={call}:signal=SIGKILL:when={number}"]
        subprocess.run(
            [*strace, sys.executable, "-c", HOLD, path], check=False, capture_output=True, input=b"\n"
        )
        lock = LockFile(path)

        assert lock.take() is None
        lock.release()


def test_a_disk_that_fails_once_does_not_leave_it_taken(path, monkeypatch):
    lock = LockFile(path)
    lock.take()
    failures = iter([OSError(5, "Input/output error")])
    unlink = os.unlink

    def failing(name):
        for error in failures:
            raise error
        unlink(name)

    monkeypatch.setattr(os, "unlink", failing)
    lock.release()

    assert LockFile(path).take() is None
