"""What is read of a ledger for one task, or for one submission, is no more where there are many."""

from __future__ import annotations

import contextlib

import pytest

from reflow.errors import StoreError
from reflow.model.records import AttemptRow, Changes, InstanceRow, SubmissionRow, TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow_sqlite import connection
from reflow_sqlite.ledger import SqliteLedger, create


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """Make a ledger of so many tasks, each submitted once, and return how many steps of SQLite something takes."""
    taken = []
    connect = connection.connect

    def counted(*words, **options):
        db = connect(*words, **options)
        db.set_progress_handler(lambda: taken.append(1), 1)
        return db

    monkeypatch.setattr(connection, "connect", counted)

    def steps(tasks, act):
        place = tmp_path / str(tasks)
        place.mkdir()
        names = [f"t{number}" for number in range(tasks)]
        with contextlib.closing(create(str(place), "run", "demo", names, 0, 0)) as ledger:
            epoch = ledger.take_epoch()
            for name in names:
                ledger.apply(submitted(name), epoch)
            act(ledger, epoch)
            taken.clear()
            act(ledger, epoch)
            return len(taken)

    return steps


def submitted(name):
    row = InstanceRow(name, 0, InstanceState.SUBMITTED, b"i" * 32, submission=name)
    return Changes(
        tasks=[TaskRow(name, TaskState.EXPANDED, 1)],
        instances=[row],
        submissions=[SubmissionRow(name, 1, name, 1, 1, 1, "ended", 0)],
        segments=[(name, "0.0.1.jsonl")],
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda ledger, epoch: ledger.apply(submitted("t1"), epoch),
        lambda ledger, epoch: (ledger.apply(submitted("t1"), epoch), ledger.overview()),
        lambda ledger, _: ledger.instances("t1"),
        lambda ledger, _: ledger.attempts("t1"),
        lambda ledger, _: ledger.submissions(["t1"]),
        lambda ledger, _: ledger.segments("t1"),
    ],
    ids=["apply", "overview", "instances", "attempts", "submissions", "segments"],
)
def test_what_one_takes_is_the_same_however_many_tasks_there_are(steps, act):
    assert steps(40, act) < 1.5 * steps(4, act)


def test_an_overview_sees_what_another_connection_wrote_since(tmp_path):
    names = [f"t{number}" for number in range(8)]
    with contextlib.closing(create(str(tmp_path), "run", "demo", names, 0, 0)) as ledger:
        ledger.apply(submitted("t1"), ledger.take_epoch())
        before = ledger.overview()
        with contextlib.closing(SqliteLedger(str(tmp_path), write=True)) as other:
            other.apply(submitted("t2"), other.take_epoch())
        after = ledger.overview()

    assert {name for name, counts in before.counts.items() if counts} == {"t1"}
    assert {name for name, counts in after.counts.items() if counts} == {"t1", "t2"}
    assert (before.tasks["t2"].state, after.tasks["t2"].state) == (TaskState.WAITING, TaskState.EXPANDED)


def test_an_overview_stays_as_it_was_when_the_next_one_is_read(tmp_path):
    names = [f"t{number}" for number in range(8)]
    with contextlib.closing(create(str(tmp_path), "run", "demo", names, 0, 0)) as ledger:
        epoch = ledger.take_epoch()
        before = ledger.overview()
        ledger.apply(submitted("t1"), epoch)
        after = ledger.overview()

    assert (before.counts["t1"], after.counts["t1"]) == ({}, {InstanceState.SUBMITTED: 1})
    assert (before.tasks["t1"].state, after.tasks["t1"].state) == (TaskState.WAITING, TaskState.EXPANDED)


def test_what_was_rolled_back_is_not_in_an_overview(tmp_path):
    names = [f"t{number}" for number in range(8)]
    with contextlib.closing(create(str(tmp_path), "run", "demo", names, 0, 0)) as ledger:
        epoch = ledger.take_epoch()
        ledger.overview()
        broken = submitted("t1")
        with pytest.raises(StoreError):
            ledger.apply(
                broken._replace(attempts=[AttemptRow("none", 0, 1, "t", 0, 0, InstanceState.RUNNING)]), epoch
            )
        after = ledger.overview()

    assert after.counts["t1"] == {}
    assert after.tasks["t1"].state is TaskState.WAITING
