"""The results are written by one at a time, and whoever waits too long is told for whom."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from reflow.plugin import LockFile, StoreError
from reflow.testing.store_rows import NOW, context, entry, made_up, result
from reflow_sqlite.files import locked

WRITE = """
import sys
from reflow.testing.store_rows import context, result
from reflow_sqlite import SqliteStore
results = SqliteStore(sys.argv[1]).open_results(write=True)
for number in range(10):
    results.append(context("run-" + sys.argv[2]), [result(100 * int(sys.argv[2]) + number)])
"""


def test_everything_that_many_writers_were_told_is_there(store):
    path = store.address
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, path, str(i)]) for i in range(8)]

    assert [writer.wait() for writer in writers] == [0] * 8
    wanted = [result(100 * i + number).identity for i in range(8) for number in range(10)]
    assert set(store.open_results().find(wanted)) == set(wanted)


def test_no_run_is_listed_while_results_are_told_that_are_to_be_removed(results, store):
    other = store.open_results(write=True)
    results.append(context(), [result(0)])
    writer = threading.Thread(target=other.record_run, args=[entry("demo-1")])
    seen = []

    def told():
        writer.start()
        writer.join(0.3)
        seen.extend(results.runs())
        yield from old

    old = list(results.old(NOW + 100))
    results.remove(told())
    writer.join()

    assert seen == []
    assert [run.run_id for run in results.runs()] == ["demo-1"]
    other.close()


def test_a_ledger_that_many_create_at_once_is_one(run):
    code = (
        "import sys; from reflow_sqlite import SqliteStore\n"
        "print(SqliteStore('').create_ledger(sys.argv[1], 'demo-1', 'demo', ['convert'], 0).take_epoch())"
    )
    creators = [
        subprocess.Popen([sys.executable, "-c", code, str(run)], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]

    assert sorted(creator.communicate()[0].strip() for creator in creators) == list("123456")
    assert os.listdir(run) == ["ledger.db"]


def test_waiting_too_long_names_the_holder_and_the_remedy(results, store):
    holder = LockFile(f"{store.address}.lock")
    holder.take()

    with (
        pytest.raises(StoreError, match=rf"process {os.getpid()} on .*\n.*rm {store.address}.lock"),
        locked(store.address, wait_s=0.1),
    ):
        pass
    holder.release()


def test_the_lock_of_a_dead_process_is_broken(results, store):
    code = "import sys; from reflow.plugin import LockFile; LockFile(sys.argv[1]).take()"
    subprocess.run([sys.executable, "-c", code, f"{store.address}.lock"], check=True)
    assert os.path.exists(f"{store.address}.lock")

    results.append(context(), [result(0)])

    assert set(results.find([result(0).identity, made_up("other")])) == {result(0).identity}
    assert not os.path.exists(f"{store.address}.lock")


def test_a_lock_that_cannot_be_made_is_an_error_in_words(results, store, tmp_path):
    with pytest.raises(StoreError, match="cannot lock"), locked(str(tmp_path / "nowhere" / "store.db")):
        pass
