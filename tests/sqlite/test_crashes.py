"""A kill at any call that reaches the disk leaves the old state or the new one, and so does a disk that fails."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import reflow_sqlite.connection
from reflow.plugin import Changes, InstanceState, LockFile, StoreHalfWritten
from reflow.testing.store_rows import NOW, TASKS, context, instance, result, succeeded
from reflow_sqlite import SqliteStore

VICTIM = """
import pickle, sys
import reflow_sqlite.files
from reflow.plugin import StoreError
from reflow_sqlite import SqliteStore
reflow_sqlite.files.WAIT_S = 5
directory, act = sys.argv[1:]
store = SqliteStore(directory + "/store.db")
with open(directory + "/rows", "rb") as file:
    tasks, changes, context, rows = pickle.load(file)
def create():
    store.create_ledger(directory, "demo-1", "demo", tasks, 0)
def apply():
    store.open_ledger(directory, write=True).apply(changes, 1)
def append():
    store.open_results(write=True).append(context, rows)
try:
    globals()[act]()
except StoreError as error:
    print("StoreError", error)
    globals()[act]()  # the disk is well again
"""
CALLS = ("fsync", "fdatasync", "rename", "link", "unlink", "unlinkat", "pwrite64", "ftruncate")
WANTED = [result(index).identity for index in (0, 1, 2, 3, 9)]
NEW = [result(index) for index in range(4)]


@pytest.fixture
def before(tmp_path):
    """Return a directory with a ledger and results that hold something."""
    path = tmp_path / "before"
    path.mkdir()
    store = SqliteStore(str(path / "store.db"))
    ledger = store.create_ledger(str(path), "demo-1", "demo", TASKS, NOW)
    ledger.take_epoch()
    ledger.apply(Changes(instances=[instance(index, InstanceState.RUNNING) for index in range(4)]), 1)
    ledger.close()
    results = store.open_results(write=True)
    results.append(context("demo-0"), [result(9)])
    results.close()
    (path / "rows").write_bytes(pickle.dumps((TASKS, succeeded(0, 1, 2, 3), context(), NEW)))
    return path


def stopped_at_each(calls, before, tmp_path, act, injection):
    """Do something in copies of a directory, stopped at the first of these calls, the second...; yield each copy."""
    for call in calls:
        for number in range(1, 200):
            directory = tmp_path / "at"
            shutil.copytree(before, directory)
            log = tmp_path / "strace"
            options = ["-f", "-qq", "-o", str(log)]
            options += ["-e", f"trace={call}", "-e", f"inject={call}:{injection}:when={number}"]
            done = subprocess.run(
                ["strace", *options, sys.executable, "-c", VICTIM, str(directory), act],
                capture_output=True,
                text=True,
                check=False,
            )
            hit = re.search(r"\(INJECTED\)|killed by SIGKILL", log.read_text())
            if hit:
                yield directory, done
            shutil.rmtree(directory)
            if not hit:
                assert done.returncode == 0, done.stderr
                break


def check_whole(path):
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


@pytest.mark.slow
def test_a_killed_apply_leaves_the_old_state_or_the_new(before, tmp_path):
    old = [instance(index, InstanceState.RUNNING) for index in range(4)]
    new = [instance(index) for index in range(4)]
    seen = set()
    for directory, _ in stopped_at_each(CALLS, before, tmp_path, "apply", "signal=SIGKILL"):
        ledger = SqliteStore("").open_ledger(str(directory))
        rows = ledger.instances("convert")
        assert rows in (old, new)
        assert len(ledger.attempts()) == len(list(ledger.values("convert"))) == (4 if rows == new else 0)
        seen.add(rows == new)
        check_whole(directory / "ledger.db")

    assert seen == {False, True}


@pytest.mark.slow
def test_a_killed_append_leaves_the_old_results_or_the_new_and_can_be_done_again(before, tmp_path):
    for directory, _ in stopped_at_each(CALLS, before, tmp_path, "append", "signal=SIGKILL"):
        store = SqliteStore(str(directory / "store.db"))
        assert len(store.open_results().find(WANTED)) in (1, 5)
        store.open_results(write=True).append(context(), NEW)
        assert set(store.open_results().find(WANTED)) == set(WANTED)
        check_whole(directory / "store.db")


@pytest.mark.slow
def test_a_killed_creation_leaves_no_ledger_or_a_whole_one(tmp_path):
    nothing = tmp_path / "before"
    nothing.mkdir()
    (nothing / "rows").write_bytes(pickle.dumps((TASKS, Changes(), context(), NEW)))
    for directory, _ in stopped_at_each(CALLS, nothing, tmp_path, "create", "signal=SIGKILL"):
        is_there = (directory / "ledger.db").exists()
        if is_there:
            assert SqliteStore("").open_ledger(str(directory)).overview().run_id == "demo-1"
        made = SqliteStore("").create_ledger(str(directory), "demo-1", "demo", TASKS, NOW)
        assert made.take_epoch() == 1
        made.apply(succeeded(0), 1)


@pytest.mark.slow
@pytest.mark.parametrize("failure", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("act", ["apply", "append", "create"])
def test_a_disk_that_fails_once_is_an_error_in_words_and_can_be_tried_again(before, tmp_path, act, failure):
    if act == "create":
        (before / "ledger.db").unlink()
    said = set()
    for directory, done in stopped_at_each(CALLS, before, tmp_path, act, f"error={failure}"):
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        check_whole(directory / "ledger.db")
        check_whole(directory / "store.db")
        said.add(done.stdout.startswith("StoreError"))
        if act == "apply":
            assert len(list(SqliteStore("").open_ledger(str(directory)).values("convert"))) == 4
        if act == "append":
            results = SqliteStore(str(directory / "store.db")).open_results()
            assert set(results.find(WANTED)) == set(WANTED)
    assert True in said


def test_a_reader_undoes_what_a_killed_writer_left(before, tmp_path):
    directory = with_hot_journal(before, tmp_path)

    rows = SqliteStore("").open_ledger(str(directory)).instances("convert")

    assert rows == [instance(index, InstanceState.RUNNING) for index in range(4)]
    assert not (directory / "ledger.db-journal").exists()


def test_a_reader_that_is_open_already_undoes_it_too(before, tmp_path):
    directory = tmp_path / "copy"
    shutil.copytree(before, directory)
    reader = SqliteStore("").open_ledger(str(directory))
    reader.overview()
    half = with_hot_journal(before, tmp_path)
    for name in ("ledger.db", "ledger.db-journal"):
        (directory / name).write_bytes((half / name).read_bytes())

    assert reader.instances("convert") == [instance(index, InstanceState.RUNNING) for index in range(4)]


def test_a_reader_leaves_it_to_a_writer_on_another_machine_until_that_is_silent(
    before, tmp_path, monkeypatch
):
    monkeypatch.setattr(reflow_sqlite.connection, "ELSEWHERE_S", 0.2)
    directory = with_hot_journal(before, tmp_path)
    (directory / "control").mkdir()
    lease = LockFile(str(directory / "control" / "lease"))
    lease._mine = lease._mine._replace(process=lease._mine.process._replace(host="node7"))
    lease.take()

    with pytest.raises(StoreHalfWritten) as told:
        SqliteStore("").open_ledger(str(directory)).overview()
    assert (directory / "ledger.db-journal").exists()
    os.utime(lease.path, (0, 0))
    rows = SqliteStore("").open_ledger(str(directory)).instances("convert")

    assert "node7" in str(told.value)
    assert rows == [instance(index, InstanceState.RUNNING) for index in range(4)]


def test_a_reader_that_waits_for_a_writer_on_another_machine_does_not_ask_all_the_time_whether_it_beats(
    before, tmp_path, monkeypatch
):
    monkeypatch.setattr(reflow_sqlite.connection, "ELSEWHERE_S", 1.0)
    directory = with_hot_journal(before, tmp_path)
    (directory / "control").mkdir()
    asked = []
    monkeypatch.setattr(LockFile, "is_free", lambda lock: asked.append(lock))
    lease = LockFile(str(directory / "control" / "lease"))
    lease._mine = lease._mine._replace(process=lease._mine.process._replace(host="node7"))
    lease.take()

    with pytest.raises(StoreHalfWritten):
        SqliteStore("").open_ledger(str(directory)).overview()
    assert len(asked) < 10


def with_hot_journal(before, tmp_path) -> Path:
    """Return a directory whose last writer was killed when it had begun to write into the ledger."""
    for directory, _ in stopped_at_each(["pwrite64"], before, tmp_path, "apply", "signal=SIGKILL"):
        if (directory / "ledger.db").read_bytes() != (before / "ledger.db").read_bytes():
            assert (directory / "ledger.db-journal").exists()
            return Path(shutil.copytree(directory, tmp_path / "hot"))
    raise AssertionError("no kill left a hot journal")
