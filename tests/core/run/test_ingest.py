"""What workers wrote is taken in once, by as few questions as there are submissions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from reflow.model.records import Changes
from reflow.model.states import InstanceState
from reflow.run.ingest import Batch, ingest
from reflow.rundir.outcomes import Outcome
from reflow.testing.memory import MemoryStore
from reflow.testing.store_rows import NOW, TASKS, TOKEN, instance, made_up, submission


@pytest.fixture
def hold(tmp_path):
    """Return what ingesting needs of a hold, with five instances of *convert* handed over; questions are counted."""
    ledger = MemoryStore(f"memory://{tmp_path}").create_ledger(str(tmp_path), "demo-1", "demo", TASKS, NOW)
    epoch = ledger.take_epoch()
    handed = [instance(index, InstanceState.SUBMITTED) for index in range(5)]
    ledger.apply(Changes(instances=handed, submissions=[submission(TOKEN)]), epoch)
    asked = []

    def segments(token):
        asked.append(token)
        return ledger.segments(token)

    counting = SimpleNamespace(
        segments=segments,
        submissions=ledger.submissions,
        instances=ledger.instances,
        attempts=ledger.attempts,
    )
    info = {"options": {"force": False, "force_tasks": []}}
    run = SimpleNamespace(graph=SimpleNamespace(tasks={}), is_resident=True, info=info)
    return SimpleNamespace(
        run=run,
        ledger=counting,
        apply=lambda changes: ledger.apply(changes, epoch),
        results=None,
        messages=[],
        asked=asked,
    )


def sealed(index):
    made = Outcome("e", index, 1, "succeeded", NOW, value="1", output=made_up(index))
    return Batch(TOKEN, 0, 0, f"0.0.{index}.jsonl", [Outcome("s", index, 1, time=NOW), made])


def test_the_ledger_is_asked_once_what_it_has_taken_in_however_many_segments_there_are(hold):
    ingest(hold, [sealed(index) for index in range(5)])

    assert hold.asked == [TOKEN]
    assert {row.state for row in hold.ledger.instances("convert")} == {InstanceState.SUCCEEDED}


def test_a_segment_that_comes_twice_is_taken_in_once(hold):
    ingest(hold, [sealed(0), sealed(1), sealed(0)])
    before = hold.ledger.instances("convert")
    ingest(hold, [sealed(1)])

    assert hold.ledger.instances("convert") == before
    assert [row.state.is_success for row in before] == [True, True, False, False, False]


def test_the_attempt_of_what_was_cancelled_is_cancelled_though_its_function_ran_on_to_its_end(hold):
    hold.apply(Changes(instances=[instance(0, InstanceState.CANCELLED)]))
    ingest(hold, [sealed(0), sealed(1)])

    told = {one.index: (one.state, one.reason) for one in hold.ledger.attempts("convert")}
    assert told[0] == (
        InstanceState.CANCELLED,
        "cancelled; it ran on to its end, and what came of that is not used",
    )
    assert told[1] == (InstanceState.SUCCEEDED, None)
    assert hold.ledger.instances("convert")[0].output is None
