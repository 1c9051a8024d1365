"""The files are the user's own, whole from the first moment, and never somebody else's."""

from __future__ import annotations

import os
import stat

import pytest

from reflow.plugin import Changes, StoreError
from reflow.testing.store_rows import NOW, TASKS, context, entry, result, succeeded


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_files_are_for_their_owner_whatever_the_umask(open_umask, ledger, results, run, tmp_path):
    ledger.apply(succeeded(0), 1)
    results.append(context(), [result(0)])

    assert mode_of(run / "ledger.db") == 0o600
    assert mode_of(tmp_path / "store.db") == 0o600


def test_the_directory_of_a_new_store_is_for_its_owner(open_umask, tmp_path):
    from reflow_sqlite import SqliteStore

    SqliteStore(str(tmp_path / "state" / "reflow" / "store.db")).open_results(write=True).close()

    assert mode_of(tmp_path / "state" / "reflow") == 0o700


def test_no_file_is_left_beside_the_two(ledger, results, run, tmp_path):
    ledger.apply(succeeded(0), 1)
    results.append(context(), [result(0)])

    assert os.listdir(run) == ["ledger.db"]
    assert sorted(os.listdir(tmp_path)) == ["run", "store.db"]


def test_what_a_killed_creation_left_is_in_nobodys_way(store, run):
    (run / "ledger.db.new").write_bytes(b"half a file")
    (run / "ledger.db.new-journal").write_bytes(b"half a journal")

    store.create_ledger(str(run), "demo-1", "demo", TASKS, NOW).close()

    assert os.listdir(run) == ["ledger.db"]


def test_a_link_is_not_followed(ledger, store, run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "ledger.db").symlink_to(run / "ledger.db")

    with pytest.raises(StoreError, match="no regular file"):
        store.open_ledger(str(elsewhere))


def test_a_store_of_somebody_else_is_read_and_never_written(ledger, results, store, run, monkeypatch):
    results.append(context(), [result(0)])
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)

    assert store.open_ledger(str(run)).overview().run_id == "demo-1"
    assert len(store.open_results().find([result(0).identity])) == 1
    with pytest.raises(StoreError, match="belongs to user"):
        store.open_ledger(str(run), write=True)
    with pytest.raises(StoreError, match="belongs to user"):
        store.open_results(write=True).append(context(), [result(1)])


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    from reflow_sqlite import SqliteStore

    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=f"{tmp_path}/file/store.db"):
        SqliteStore(str(tmp_path / "file" / "store.db")).open_results(write=True)


@pytest.mark.parametrize("name", ["50%25 of a#b?mode=memory", "ünï code", "a\nb"])
def test_any_path_is_just_a_path(store, tmp_path, name):
    directory = tmp_path / name
    directory.mkdir()

    store.create_ledger(str(directory), "demo-1", "demo", TASKS, NOW).close()

    assert os.listdir(directory) == ["ledger.db"]
    assert store.open_ledger(str(directory)).overview().run_id == "demo-1"


def test_a_path_that_begins_with_two_slashes_names_no_host(run, tmp_path):
    from reflow_sqlite import SqliteStore

    store = SqliteStore(f"/{tmp_path}/store.db")
    store.create_ledger(f"/{run}", "demo-1", "demo", TASKS, NOW).close()
    store.open_results(write=True).record_run(entry("demo-1"))

    assert SqliteStore(str(tmp_path / "store.db")).open_results().runs() == [entry("demo-1")]
    assert store.open_ledger(f"/{run}").overview().run_id == "demo-1"


def test_text_that_is_no_unicode_is_kept_readable(ledger, results):
    broken = succeeded(0).attempts[0]._replace(reason="no such file: \udcff.nc")
    ledger.apply(Changes(attempts=[broken]), 1)
    results.record_run(entry("demo-1")._replace(parameters="file=/data/\udcff"))

    assert ledger.attempts()[0].reason == "no such file: \\udcff.nc"
    assert results.runs()[0].parameters == "file=/data/\\udcff"
