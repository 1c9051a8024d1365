"""What a ledger remembers of what it wrote is what it would read."""

from __future__ import annotations

import contextlib
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflow.errors import Fenced, StoreError
from reflow.model.records import Changes, InstanceRow
from reflow.model.states import InstanceState
from reflow.testing.store_rows import NOW, TASKS, TOKEN, instance, made_up, output
from reflow_sqlite import SqliteStore, remembered
from reflow_sqlite.ledger import SqliteLedger
from reflow_sqlite.remembered import Remembered

RUNNING, FAILED = InstanceState.RUNNING, InstanceState.FAILED


def read_afresh(run, task="convert", states=(), indices=()):
    with contextlib.closing(SqliteLedger(str(run), write=False)) as other:
        return other.instances(task, states, indices)


@pytest.fixture
def reads(ledger, monkeypatch):
    """Return the queries for instances that the ledger has put to its file."""
    asked = []
    read = ledger._connection.read

    def noted(sql, parameters=()):
        if "FROM instances" in sql:
            asked.append(sql)
        return read(sql, parameters)

    monkeypatch.setattr(ledger._connection, "read", noted)
    monkeypatch.setattr(ledger._reader, "read", noted)
    return asked


def test_what_was_written_is_not_read_back(ledger, run, reads):
    ledger.apply(Changes(instances=[instance(index, RUNNING) for index in (3, 1, 2)]), 1)

    assert ledger.instances("convert") == read_afresh(run)
    assert ledger.instances("convert", {RUNNING}, [2, 2, 1]) == read_afresh(run, indices=[1, 2])
    assert ledger.instances("convert", {FAILED}) == []
    assert not reads


@pytest.mark.parametrize("indices", [[0, 7], [7], [-1, 1]])
def test_an_index_that_was_not_written_is_read(ledger, run, reads, indices):
    ledger.apply(Changes(instances=[instance(index, RUNNING) for index in range(3)]), 1)

    assert ledger.instances("convert", (), indices) == read_afresh(run, indices=indices)
    assert reads


def test_a_part_of_a_task_is_not_taken_for_all_of_it(ledger, run):
    with contextlib.closing(SqliteLedger(str(run), write=True)) as other:
        other.apply(Changes(instances=[instance(0, FAILED), instance(1, FAILED)]), 1)
    ledger.apply(Changes(instances=[instance(1, RUNNING)]), 1)

    assert ledger.instances("convert") == [instance(0, FAILED), instance(1, RUNNING)]


def test_rows_that_are_given_one_by_one_take_the_place_of_those_before(ledger, run):
    ledger.apply(Changes(instances=[instance(0, RUNNING)]), 1)

    ledger.apply(Changes(instances=iter([instance(0, FAILED)])), 1)

    assert ledger.instances("convert") == read_afresh(run) == [instance(0, FAILED)]


@pytest.mark.parametrize(
    "row",
    [
        InstanceRow("convert", 0, FAILED, b"", reason="left \udce9 by a file name", tries='{"task": 1}'),
        InstanceRow("convert", 0, FAILED, b"i" * 32, reason="", tries="", parts=b"", position=0, output=b""),
        InstanceRow("convert", 0, FAILED, b"i" * 32, 3, fresh=True, reason="a\0b\nc", submission=""),
        InstanceRow("convert", 0, InstanceState.REUSED, b"i" * 32, output=b"o" * 32, parts=b"p" * 64),
        InstanceRow("convert", 1 << 40, RUNNING, b"i", 1 << 40, submission=TOKEN, position=1 << 40),
    ],
    ids=["surrogate", "empty", "control", "reused", "large"],
)
def test_a_row_is_remembered_as_it_is_read(ledger, run, reads, row):
    ledger.apply(Changes(instances=[row]), 1)

    found = ledger.instances("convert")
    assert not reads
    assert [[(type(one), one) for one in row] for row in found] == [
        [(type(one), one) for one in row] for row in read_afresh(run)
    ]


def test_of_two_rows_of_an_instance_the_last_is_remembered(ledger, run):
    ledger.apply(Changes(instances=[instance(0, RUNNING), instance(1), instance(0, FAILED)]), 1)

    assert ledger.instances("convert") == read_afresh(run)
    assert ledger.instances("convert", {FAILED}) == [instance(0, FAILED)]


def broken(rows):
    yield from rows
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("changes", "epoch", "error"),
    [
        (Changes(instances=[instance(0, FAILED)]), 0, Fenced),
        (Changes(instances=[instance(0, FAILED), instance(0, task="none")]), 1, StoreError),
        (Changes(instances=broken([instance(0, FAILED)])), 1, KeyboardInterrupt),
        (Changes(dropped=["convert"], instances=broken([])), 1, KeyboardInterrupt),
    ],
    ids=["fenced", "unknown", "interrupted", "dropped"],
)
def test_what_was_not_written_is_not_remembered(ledger, run, changes, epoch, error):
    ledger.apply(Changes(instances=[instance(0, RUNNING)]), 1)

    with pytest.raises(error):
        ledger.apply(changes, epoch)

    assert ledger.instances("convert") == read_afresh(run) == [instance(0, RUNNING)]


def test_an_interruption_right_after_a_commit_leaves_nothing_old(ledger, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    ledger.apply(Changes(instances=[instance(0, RUNNING)]), 1)
    monkeypatch.setattr(Remembered, "take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ledger.apply(Changes(instances=[instance(0, FAILED)]), 1)

    assert ledger.instances("convert") == [instance(0, FAILED)]


def test_what_another_wrote_and_took_back_changes_no_answer(ledger, run, reads):
    ledger.apply(Changes(instances=[instance(0, RUNNING)]), 1)
    with contextlib.closing(SqliteLedger(str(run), write=True)) as other, pytest.raises(KeyboardInterrupt):
        other.apply(Changes(instances=broken([instance(0, FAILED)])), 1)

    assert ledger.instances("convert") == [instance(0, RUNNING)]


def test_no_more_is_remembered_than_a_number_of_rows_and_the_last_task_stays(monkeypatch):
    monkeypatch.setattr(remembered, "MOST", 4)
    known = Remembered(1)
    for task in ("a", "b", "a"):
        known.take(known.lend(), (), [instance(index, task=task) for index in range(2)])
    known.take(known.lend(), (), [instance(0, task="c")])

    assert [len(known.of(task)) for task in "abc"] == [2, 0, 1]


TWO = TASKS[:2]
ROW = st.builds(
    lambda task, index, state, number, fresh, reason: instance(
        index, state, task=task, attempt=number
    )._replace(fresh=fresh, reason=reason, output=made_up(number) if state.is_success else None),
    st.sampled_from(TWO),
    st.integers(0, 2),
    st.sampled_from(InstanceState),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([None, "", "why", "\udce9"]),
)
OUTPUT = st.builds(
    lambda task, index, number: output(index, task=task, attempt=number)._replace(output=made_up(number)),
    st.sampled_from(TWO),
    st.integers(0, 2),
    st.integers(1, 2),
)
CHANGES = st.builds(
    lambda rows, outputs, dropped: Changes(instances=rows, outputs=outputs, dropped=dropped),
    st.lists(ROW, min_size=1, max_size=4),
    st.lists(OUTPUT, max_size=2),
    st.sampled_from([[], [], [TWO[0]], list(TWO)]),
)
HOW = st.sampled_from(["whole", "whole", "whole", "late", "interrupted", "taken over", "afresh"])


def do(ledger, how, changes, epoch):
    """Write as well as that goes, and return the epoch that is valid now."""
    if how == "taken over":
        return ledger.take_epoch()
    given = broken(changes.instances) if how == "interrupted" else iter(changes.instances)
    with contextlib.suppress(Fenced, KeyboardInterrupt):
        ledger.apply(changes._replace(instances=given), epoch - (how == "late"))
    return epoch


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 1), HOW, CHANGES, st.booleans()), min_size=2, max_size=10),
    states=st.sets(st.sampled_from(InstanceState), max_size=3),
    indices=st.sets(st.integers(-1, 3), min_size=2, max_size=3),
)
def test_a_ledger_answers_as_one_that_was_just_opened(steps, states, indices):
    asked = [(), (states,), (states, indices), *(((), {index}) for index in range(3))]
    questions = [(task, *choice) for task in TWO for choice in asked]
    with tempfile.TemporaryDirectory(prefix="reflow-remembered-") as folder, contextlib.ExitStack() as opened:
        make = SqliteStore(f"{folder}/store.db").create_ledger
        ledgers = [opened.enter_context(contextlib.closing(make(folder, "demo-1", "demo", TASKS, NOW)))]
        epoch = ledgers[0].take_epoch()
        ledgers.append(opened.enter_context(contextlib.closing(SqliteLedger(folder, write=True))))
        for who, how, changes, is_asked in steps:
            if how == "afresh":
                ledgers[who].close()
                ledgers[who] = opened.enter_context(contextlib.closing(SqliteLedger(folder, write=True)))
            epoch = do(ledgers[who], how, changes, epoch)
            if is_asked:
                with contextlib.closing(SqliteLedger(folder, write=False)) as fresh:
                    right = [fresh.instances(*question) for question in questions]
                answers = [[ledger.instances(*question) for question in questions] for ledger in ledgers]
                assert answers == [right, right]
