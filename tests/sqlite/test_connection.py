"""Files are opened as a shared file system needs it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from reflow.plugin import InstanceState, StoreError
from reflow.testing.store_rows import instance, succeeded
from reflow_sqlite.connection import Connection
from reflow_sqlite.schema import LEDGER


@pytest.fixture
def writer(ledger, run):
    connection = Connection(LEDGER, str(run / "ledger.db"), write=True)
    yield connection
    connection.close()


@pytest.fixture
def reader(ledger, run):
    connection = Connection(LEDGER, str(run / "ledger.db"), write=False)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "delete"),
        ("synchronous", 3),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("application_id", LEDGER.application_id),
        ("user_version", 3),
    ],
)
def test_a_writer_works_under(writer, pragma, value):
    assert writer.read(f"PRAGMA {pragma}") == [(value,)]


def test_a_writer_leaves_write_ahead_logging_that_somebody_switched_on(ledger, store, run):
    ledger.close()
    db = sqlite3.connect(run / "ledger.db")
    assert db.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    db.close()

    store.open_ledger(str(run), write=True).close()

    db = sqlite3.connect(run / "ledger.db")
    assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    db.close()


def test_a_reader_cannot_write(reader):
    with pytest.raises(StoreError, match="cannot be written"), reader.transaction() as db:
        db.execute("UPDATE run SET epoch = 7")


def test_a_snapshot_sees_the_file_as_it_was(ledger, reader):
    counted = "SELECT count(*) FROM instances"
    with reader.snapshot():
        before = reader.read(counted)
        writing = threading.Thread(target=ledger.apply, args=(succeeded(0), 1))
        writing.start()
        time.sleep(0.2)
        after = reader.read(counted)
    writing.join()

    assert before == after == [(0,)]
    assert reader.read(counted) == [(1,)]


def test_a_writer_waits_for_another(writer, ledger):
    with writer.transaction():
        writing = threading.Thread(target=ledger.apply, args=(succeeded(0), 1))
        writing.start()
        time.sleep(0.2)
        assert writing.is_alive()
    writing.join()

    assert ledger.instances("convert") == [instance(0)]


def test_readers_in_a_loop_never_fail_while_a_writer_works(ledger, store, run):
    code = (
        "import sys; from reflow_sqlite import SqliteStore\n"
        "for _ in range(60): SqliteStore('').open_ledger(sys.argv[1]).overview()"
    )
    readers = [subprocess.Popen([sys.executable, "-c", code, str(run)]) for _ in range(2)]
    number = 0
    while any(reader.poll() is None for reader in readers):
        ledger.apply(succeeded(number % 50), 1)
        number += 1

    assert [reader.returncode for reader in readers] == [0, 0]
    assert ledger.overview().counts["convert"] == {InstanceState.SUCCEEDED: min(number, 50)}


def test_what_is_looked_at_at_a_glance_does_not_grow_with_instances(store, run, tmp_path):
    steps = []
    for total in (100, 10_000):
        directory = tmp_path / str(total)
        directory.mkdir()
        made = store.create_ledger(str(directory), "demo-1", "demo", ["convert"], 0)
        made.take_epoch()
        made.apply(succeeded(*range(total)), 1)
        taken = []
        made._connection._db.set_progress_handler(lambda taken=taken: taken.append(1), 10)
        made.overview()
        steps.append(len(taken))
        made.close()

    assert steps[0] == steps[1]
