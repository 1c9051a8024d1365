"""What is read of a ledger for one task, or for one submission, is no more where there are many."""

from __future__ import annotations

import contextlib

import pytest

from reflow.model.records import Changes, InstanceRow, SubmissionRow, TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow_sqlite import connection
from reflow_sqlite.ledger import create


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
        submissions=[SubmissionRow(name, 1, name, 1, 1, 1, "open", 0)],
        segments=[(name, "0.0.1.jsonl")],
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda ledger, epoch: ledger.apply(submitted("t1"), epoch),
        lambda ledger, _: ledger.instances("t1"),
        lambda ledger, _: ledger.attempts("t1"),
        lambda ledger, _: ledger.submissions(["t1"]),
        lambda ledger, _: ledger.segments("t1"),
    ],
    ids=["apply", "instances", "attempts", "submissions", "segments"],
)
def test_what_one_takes_is_the_same_however_many_tasks_there_are(steps, act):
    assert steps(40, act) < 1.5 * steps(4, act)
