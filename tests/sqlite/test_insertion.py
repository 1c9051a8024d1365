"""Rows that are added many at once are added as if it were one by one."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow_sqlite.insertion import AT_ONCE, MOST, Insertion

TABLES = """
CREATE TABLE things (name INTEGER, kind BLOB, PRIMARY KEY (name));
CREATE TABLE counts (counted INTEGER);
CREATE TRIGGER added AFTER INSERT ON things BEGIN UPDATE counts SET counted = counted + 1; END;
CREATE TRIGGER moved AFTER UPDATE ON things BEGIN UPDATE counts SET counted = counted + 1000; END;
"""
INTO = "INSERT INTO things"
CONFLICTS = ["ON CONFLICT (name) DO NOTHING", "ON CONFLICT (name) DO UPDATE SET kind = excluded.kind"]
KINDS = st.none() | st.integers(0, 3) | st.sampled_from([b"", b"k", "", "k"])
ROWS = st.lists(st.tuples(st.integers(0, 150), KINDS), min_size=0, max_size=2 * AT_ONCE + 10)


def made():
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(TABLES)
    db.execute("INSERT INTO counts VALUES (0)")
    return db


def dump(db):
    things = db.execute("SELECT name, kind, typeof(kind) FROM things ORDER BY name").fetchall()
    return things, db.execute("SELECT counted FROM counts").fetchall()


@pytest.mark.parametrize("conflict", CONFLICTS, ids=["nothing", "update"])
@given(before=ROWS, rows=ROWS)
def test_many_rows_are_added_and_counted_as_one_by_one(conflict, before, rows):
    insertion = Insertion(INTO, 2, conflict)
    many, single = made(), made()
    for db in (many, single):
        db.executemany(insertion.one, before)

    written = insertion.write(many, iter(rows))

    assert written == sum(single.execute(insertion.one, row).rowcount for row in rows)
    assert dump(many) == dump(single)


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE])
def test_no_row_is_left_out(count):
    db = made()

    assert Insertion(INTO, 2).write(db, ((number, None) for number in range(count))) == count
    assert len(dump(db)[0]) == count


def test_a_row_may_be_made_by_other_statements_on_the_connection():
    db = made()

    def row(number):
        db.execute("INSERT INTO counts VALUES (0)")
        return number, db.execute("SELECT count(*) FROM counts").fetchone()[0]

    Insertion(INTO, 2).write(db, map(row, range(AT_ONCE + 1)))

    assert [kind for _, kind, _ in dump(db)[0]] == list(range(2, AT_ONCE + 3))


def test_as_many_columns_as_promised_fit_where_a_statement_takes_999_values():
    db = sqlite3.connect(":memory:", isolation_level=None)
    if hasattr(db, "setlimit"):  # since Python 3.11
        db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    db.execute(f"CREATE TABLE wide ({', '.join(f'c{number}' for number in range(19))})")

    assert Insertion("INSERT INTO wide", 19).write(db, [range(19)] * AT_ONCE) == AT_ONCE
    assert AT_ONCE * 19 <= 999


def test_rows_that_are_long_together_are_given_to_it_one_by_one():
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE TABLE things (name, kind)")
    statements = []
    db.set_trace_callback(statements.append)
    insertion = Insertion(INTO, 2, long=(1,))

    for kind in (b"", "a" * (MOST // AT_ONCE), "a" * (MOST // AT_ONCE + 1)):
        insertion.write(db, [(None, kind)] * AT_ONCE)

    assert len(statements) == 1 + 1 + AT_ONCE
