"""A kill at any call that reaches the disk leaves the old state or the new one, and so does a disk that fails."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from reflow.plugin import Changes, InstanceState
from reflow.testing.store_rows import NOW, TASKS, context, instance, result, succeeded
from reflow_sqlite import SqliteStore

VICTIM = """
import sys
from reflow.plugin import StoreError
from reflow.testing.store_rows import NOW, TASKS, context, result, succeeded
from reflow_sqlite import SqliteStore
store = SqliteStore(sys.argv[1] + "/store.db")
def create():
    store.create_ledger(sys.argv[1], "demo-1", "demo", TASKS, NOW)
def apply():
    store.open_ledger(sys.argv[1], write=True).apply(succeeded(0, 1, 2, 3), 1)
def append():
    store.open_results(write=True).append(context(), [result(index) for index in range(4)])
act = globals()[sys.argv[2]]
try:
    act()
except StoreError as error:
    print("StoreError", error)
    act()  # the disk is well again
"""
CALLS = "fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,pwrite64,ftruncate"


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
    return path


def stopped_at_each_call(before, tmp_path, act, injection):
    """Do something in copies of a directory, with the n-th call stopped in the n-th; yield each directory."""
    for number in range(1, 400):
        directory = tmp_path / f"{act}-{number}"
        shutil.copytree(before, directory)
        log = tmp_path / "strace"
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={CALLS}"]
            + ["-e", f"inject={CALLS}:{injection}:when={number}"]
            + [sys.executable, "-c", VICTIM, str(directory), act],
            capture_output=True,
            text=True,
            check=False,
        )
        if not re.search(r"\(INJECTED\)|killed by SIGKILL", log.read_text()):
            assert done.returncode == 0, done.stderr
            assert number > 5
            return
        yield directory, done
        shutil.rmtree(directory)


def check_whole(path):
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


@pytest.mark.slow
def test_a_killed_apply_leaves_the_old_state_or_the_new(before, tmp_path):
    old = [instance(index, InstanceState.RUNNING) for index in range(4)]
    new = [instance(index) for index in range(4)]
    seen = []
    for directory, _ in stopped_at_each_call(before, tmp_path, "apply", "signal=SIGKILL"):
        ledger = SqliteStore("").open_ledger(str(directory))
        rows = ledger.instances("convert")
        assert rows in (old, new)
        assert len(ledger.attempts()) == len(list(ledger.values("convert"))) == (4 if rows == new else 0)
        seen.append(rows == new)
        check_whole(directory / "ledger.db")

    assert seen == sorted(seen)
    assert set(seen) == {False, True}


@pytest.mark.slow
def test_a_killed_append_leaves_the_old_results_or_the_new_and_can_be_done_again(before, tmp_path):
    wanted = [result(index).identity for index in (0, 1, 2, 3, 9)]
    for directory, _ in stopped_at_each_call(before, tmp_path, "append", "signal=SIGKILL"):
        store = SqliteStore(str(directory / "store.db"))
        assert len(store.open_results().find(wanted)) in (1, 5)
        store.open_results(write=True).append(context(), [result(index) for index in range(4)])
        assert set(store.open_results().find(wanted)) == set(wanted)
        check_whole(directory / "store.db")


@pytest.mark.slow
def test_a_killed_creation_leaves_no_ledger_or_a_whole_one(tmp_path):
    nothing = tmp_path / "before"
    nothing.mkdir()
    for directory, _ in stopped_at_each_call(nothing, tmp_path, "create", "signal=SIGKILL"):
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
    for directory, done in stopped_at_each_call(before, tmp_path, act, f"error={failure}"):
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        check_whole(directory / "ledger.db")
        check_whole(directory / "store.db")
        if act == "apply":
            assert len(list(SqliteStore("").open_ledger(str(directory)).values("convert"))) == 4
        if act == "append":
            wanted = [result(index).identity for index in (0, 1, 2, 3, 9)]
            results = SqliteStore(str(directory / "store.db")).open_results()
            assert set(results.find(wanted)) == set(wanted)


def test_a_reader_undoes_what_a_killed_writer_left(before, tmp_path):
    directory = with_hot_journal(before, tmp_path)

    rows = SqliteStore("").open_ledger(str(directory)).instances("convert")

    assert rows == [instance(index, InstanceState.RUNNING) for index in range(4)]
    assert not (directory / "ledger.db-journal").exists()


def test_a_reader_that_is_open_already_undoes_it_too(before, tmp_path):
    reader = None
    directory = tmp_path / "copy"
    shutil.copytree(before, directory)
    reader = SqliteStore("").open_ledger(str(directory))
    reader.overview()
    half = with_hot_journal(before, tmp_path)
    for name in ("ledger.db", "ledger.db-journal"):
        (directory / name).write_bytes((half / name).read_bytes())

    assert reader.instances("convert") == [instance(index, InstanceState.RUNNING) for index in range(4)]


def with_hot_journal(before, tmp_path) -> Path:
    """Return a directory whose last writer was killed when it had begun to write into the ledger."""
    store = tmp_path / "state"
    store.mkdir()
    for directory, _ in stopped_at_each_call(before, tmp_path, "apply", "signal=SIGKILL"):
        journal = directory / "ledger.db-journal"
        is_hot = journal.exists() and journal.read_bytes()[:8] != bytes(8)
        if is_hot and (directory / "ledger.db").read_bytes() != (before / "ledger.db").read_bytes():
            return Path(shutil.copytree(directory, tmp_path / "hot"))
    raise AssertionError("no kill left a hot journal")
