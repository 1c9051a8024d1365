"""A file that is not as it was written is named, with what to type; never is a wrong value taken from it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3

import pytest

from reflow.plugin import StoreDamaged, StoreError, StoreTooNew
from reflow.testing.store_rows import context, output, result, succeeded

COUNT = 300
REMEDY = "reflow store rebuild"


@pytest.fixture
def kept(ledger, results, run, store):
    """Return a full ledger and full results, closed, as the paths of their files."""
    ledger.apply(succeeded(*range(COUNT)), 1)
    results.append(context(), [result(index) for index in range(COUNT)])
    ledger.close()
    results.close()
    return {"ledger": run / "ledger.db", "store": store.address}


def look(store, run, what):
    """Read all that a wrong answer would matter of; what is right is left out."""
    wrong = []
    if what == "ledger":
        ledger = store.open_ledger(str(run))
        ledger.overview()
        ledger.instances("convert")
        for found in ledger.values("convert"):
            if (found.output, found.value) != (output(found.index).output, str(found.index)):
                wrong.append(found)
    else:
        results = store.open_results()
        found = list(results.find([result(index).identity for index in range(COUNT)]).values())
        for kept, value in zip(found, results.values([kept[:2] for kept in found]), strict=True):
            if kept.identity != result(int(value)).identity:
                wrong.append((kept, value))
    return wrong


@pytest.mark.parametrize("what", ["ledger", "store"])
@pytest.mark.parametrize("size", [0, 1, 99, 100, 4095, 4096, 8192, -1])
def test_a_file_that_was_cut_off_is_damaged(kept, store, run, what, size):
    whole = os.path.getsize(kept[what])
    os.truncate(kept[what], size if size >= 0 else whole - 4096)

    with pytest.raises(StoreDamaged, match="is damaged"):
        look(store, run, what)


@pytest.mark.parametrize("what", ["ledger", "store"])
def test_no_flipped_byte_gives_a_wrong_value(kept, store, run, what):
    whole = shutil.copy(kept[what], f"{kept[what]}.whole")
    chance = random.Random(7)
    told = 0
    for _ in range(150):
        shutil.copy(whole, kept[what])
        with open(kept[what], "r+b") as file:
            file.seek(chance.randrange(os.path.getsize(whole)))
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))
        try:
            assert look(store, run, what) == []
        except StoreError:
            told += 1

    assert told > 10


@pytest.mark.parametrize(
    ("what", "table"), [("ledger", b"CREATE TABLE submissions"), ("store", b"CREATE TABLE results")]
)
@pytest.mark.parametrize("at", [3, 13, 30])
def test_a_list_of_tables_that_is_no_text_is_damage(kept, store, run, what, table, at):
    with open(kept[what], "r+b") as file:
        file.seek(file.read().index(table) + at)
        file.write(b"\xc1")

    with pytest.raises(StoreDamaged, match="is damaged"):
        look(store, run, what)


@pytest.mark.parametrize("what", ["ledger", "store"])
@pytest.mark.parametrize("text", [b"", b"not a database, but longer than the header of one" * 9])
def test_another_file_in_its_place_is_damage_that_names_the_remedy(kept, store, run, what, text):
    with open(kept[what], "wb") as file:
        file.write(text)

    with pytest.raises(StoreDamaged, match=f"{kept[what]}(.|\n)*{REMEDY}") as caught:
        look(store, run, what)
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize("what", ["ledger", "store"])
def test_the_database_of_another_program_is_not_taken_for_ours(kept, store, run, what):
    os.unlink(kept[what])
    db = sqlite3.connect(kept[what])
    db.execute("CREATE TABLE run (id)")
    db.close()

    with pytest.raises(StoreDamaged, match="of reflow"):
        look(store, run, what)


@pytest.mark.parametrize("what", ["ledger", "store"])
@pytest.mark.parametrize("write", [False, True])
def test_a_newer_schema_is_refused_with_what_to_install(kept, store, run, what, write):
    db = sqlite3.connect(kept[what])
    db.execute("PRAGMA user_version = 7")
    db.execute("CREATE TABLE of_schema_7 (id)")
    db.close()

    def reopen():
        return (
            store.open_ledger(str(run), write=write) if what == "ledger" else store.open_results(write=write)
        )

    with pytest.raises(StoreTooNew, match=r"schema 7(.|\n)*pip install --upgrade reflow-sqlite"):
        reopen()


@pytest.mark.parametrize("what", ["ledger", "store"])
def test_a_version_that_is_none_is_damage(kept, store, run, what):
    db = sqlite3.connect(kept[what])
    db.execute("PRAGMA user_version = 7")
    db.close()

    with pytest.raises(StoreDamaged, match="schema 7"):
        look(store, run, what)


def test_a_table_that_is_missing_is_damage(kept, store, run):
    db = sqlite3.connect(kept["ledger"])
    db.execute("DROP TABLE instances")
    db.commit()
    db.close()

    with pytest.raises(StoreDamaged, match="list of tables"):
        look(store, run, "ledger")


def test_a_row_that_is_missing_is_damage(kept, store, run):
    db = sqlite3.connect(kept["ledger"])
    (trigger,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'instance_gone'").fetchone()
    db.execute("DROP TRIGGER instance_gone")
    db.execute("DELETE FROM instances WHERE idx = 7")
    db.execute(trigger)
    db.commit()
    db.close()

    with pytest.raises(StoreDamaged, match="number of instances"):
        look(store, run, "ledger")


def test_an_empty_text_where_there_was_none_is_damage(kept, store, run):
    db = sqlite3.connect(kept["ledger"])
    db.execute("UPDATE instances SET reason = '' WHERE idx = 7")
    db.commit()
    db.close()

    with pytest.raises(StoreDamaged, match=r"convert\[7\]"):
        look(store, run, "ledger")
