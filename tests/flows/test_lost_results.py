"""A run whose reused results are removed or lost makes again what it needs of them, and comes to the same values."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapes import Expected, descriptions, states_of, values_of

from reflow.errors import StoreError
from reflow.model.records import Changes
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.plan.expand import waiting_behind
from reflow.run.hold import held
from reflow.run.shared_results import SharedResults
from reflow_sqlite import SqliteStore

LEVELS = ("first", "square", "half", "twice", "chained", "same", "total")  #: of any kind of flow
GC = ("store", "gc", "--older-than", "0", "--yes")


@pytest.fixture
def inline_lab(tmp_path, labs):
    return labs(tmp_path, "inline")


def _delete(lab, capsys):
    Path(lab.store).unlink()


def _damage(lab, capsys):
    Path(lab.store).write_bytes(b"damaged\n")


def _collect(lab, capsys):
    lab.type(capsys, *GC)


def _fails_at_the_end(lab, wf):
    """Return a run that reuses all of an earlier one, and in which the last task alone fails."""
    lab.submit(wf)
    seen = lab.submit(wf, more=1)
    assert seen.states["total"] == "1 reused"
    assert seen.states["last"] == "1 failed"
    return seen


@pytest.mark.parametrize("cached", [True, False], ids=["cached", "uncached"])
@pytest.mark.parametrize("joined", ["gather", "flat", "value", "both"])
@pytest.mark.parametrize("lose", [_delete, _damage, _collect])
def test_a_retry_after_the_results_are_gone_comes_to_what_it_would_have(
    joined, cached, lose, inline_lab, flows, capsys
):
    levels = flows("levels")
    wf, end = levels.make(joined, cached=cached), levels.END[joined]
    _check_retry(inline_lab, wf, end, lose, capsys)


def test_resident_workers_are_given_what_is_made_again(local_lab, flows, capsys):
    levels = flows("levels")
    _check_retry(local_lab, levels.make("both", cached=False), levels.END["both"], _collect, capsys)


def _check_retry(lab, wf, end, lose, capsys):
    seen = _fails_at_the_end(lab, wf)
    lose(lab, capsys)
    (seen.run_dir / "mended").touch()

    with lab.home():
        seen.run.retry(verify=False)
        seen.run.wait(60)

    assert seen.state == "succeeded"
    assert (seen.result("total"), seen.result("last")) == (end, end + 1)
    if lose is not _damage:
        assert lab.submit(wf).result("total") == end


def _was_killed(lab, seen, *changed):
    """Have it be as if a run's driver had been killed before the last task was handed over."""
    (seen.run_dir / "mended").touch()
    run = seen.run._run
    last = run.ledger.overview().tasks["last"]._replace(state=TaskState.WAITING)
    rows = [row._replace(state=InstanceState.PENDING) for row in run.ledger.instances("last")]
    with lab.home(), held(run) as hold:
        hold.apply(Changes(run=RunState.RUNNING, tasks=[last], instances=[*rows, *changed]))


@pytest.mark.parametrize("joined", ["gather", "flat", "value", "both"])
def test_a_run_that_goes_on_without_the_results_comes_to_what_it_would_have(
    joined, inline_lab, flows, capsys
):
    levels = flows("levels")
    seen = _fails_at_the_end(inline_lab, levels.make(joined, cached=True))
    _was_killed(inline_lab, seen)
    Path(inline_lab.store).unlink()

    code, _, err = inline_lab.type(capsys, "advance", seen.run.id, "--run-dir", str(seen.run_dir))

    assert code == 0, err
    assert seen.result("last") == levels.END[joined] + 1


@pytest.mark.parametrize("joined", ["gather", "flat", "value", "both"])
def test_nothing_is_handed_over_before_all_that_it_is_given_is_there(joined, inline_lab, flows, capsys):
    levels = flows("levels")
    seen = _fails_at_the_end(inline_lab, levels.make(joined, cached=True))
    tasks = [name for name in seen.states if name not in ("own", "last")]
    kept = [row for task in tasks for row in seen.run._run.ledger.instances(task)]
    opened = [row._replace(state=InstanceState.PENDING, output=None, fresh=True) for row in kept]
    _was_killed(inline_lab, seen, *opened)  # and all is pending at once, as no coordinator leaves it

    code, _, err = inline_lab.type(capsys, "advance", seen.run.id, "--run-dir", str(seen.run_dir))

    assert code == 0, err
    assert seen.result("last") == levels.END[joined] + 1


def test_a_ledger_that_does_not_fit_itself_is_named_and_stops_the_run(inline_lab, flows, capsys):
    seen = _fails_at_the_end(inline_lab, flows("levels").make("gather", cached=True))
    run = seen.run._run
    wider = run.ledger.overview().tasks["square"]._replace(total=4)
    extra = run.ledger.instances("square")[0]._replace(
        index=3, state=InstanceState.PENDING, output=None, fresh=True
    )
    with inline_lab.home(), held(run) as hold:
        hold.apply(Changes(run=RunState.RUNNING, tasks=[wider], instances=[extra]))

    code, _, err = inline_lab.type(capsys, "advance", seen.run.id, "--run-dir", str(seen.run_dir))

    assert code == 3
    assert "is damaged: i has no element for each instance of square; submit again" in err


def test_what_equal_work_has_made_and_the_store_cannot_give_back_is_made_again(
    inline_lab, flows, monkeypatch
):
    def torn(self, keys):
        if keys:
            raise StoreError("its values are torn")  # though they are found
        return iter(())

    monkeypatch.setattr(SharedResults, "values", torn)

    levels = flows("levels")
    seen = inline_lab.submit(levels.make("equal", cached=True))

    assert seen.states["square"] == "3 succeeded"
    assert seen.run.result("last") == levels.END["equal"]


def test_what_was_cancelled_stays_so_when_what_it_was_to_be_given_is_made_again(inline_lab, flows):
    seen = _fails_at_the_end(inline_lab, flows("levels").make("gather", cached=True))
    graph, tasks = seen.run._run.graph, seen.run._run.ledger.overview().tasks
    tasks = {**tasks, "total": tasks["total"]._replace(state=TaskState.CANCELLED)}

    waiting = waiting_behind(graph, tasks, {"first"})

    assert {row.task: row.state for row in waiting} == {
        "square": TaskState.WAITING,
        "last": TaskState.WAITING,
    }


def test_an_instance_that_was_cancelled_stays_so_when_its_inputs_come_back_as_others(
    inline_lab, flows, capsys
):
    seen = _fails_at_the_end(inline_lab, flows("levels").make("gather", cached=True))
    first, second, _ = seen.run._run.ledger.instances("square")
    opened = first._replace(state=InstanceState.PENDING, output=None, fresh=True)
    cancelled = second._replace(state=InstanceState.CANCELLED, output=None, identity=b"of others".ljust(32))
    _was_killed(inline_lab, seen, opened, cancelled)
    Path(inline_lab.store).unlink()

    inline_lab.type(capsys, "advance", seen.run.id, "--run-dir", str(seen.run_dir))

    assert seen.states["square"] == "1 cancelled, 1 reused, 1 succeeded"
    assert seen.states["last"] == "1 skipped"


@settings(max_examples=40)
@given(
    joined=st.sampled_from(["gather", "flat", "value", "both", "equal"]),
    cached=st.booleans(),
    purged=st.sets(st.sampled_from(LEVELS), min_size=1),
    verify=st.booleans(),
)
def test_whichever_levels_are_removed_below_what_failed_the_retry_comes_to_the_same(
    joined, cached, purged, verify, flows, labs, tmp_path_factory
):
    levels = flows("levels")
    lab = labs(tmp_path_factory.mktemp("levels"), "inline")
    seen = _fails_at_the_end(lab, levels.make(joined, cached=cached))
    _remove(lab, seen, purged)
    (seen.run_dir / "mended").touch()

    with lab.home():
        seen.run.retry(verify=verify)

    assert seen.result("last") == levels.END[joined] + 1
    if "total" not in purged:
        assert seen.states["total"] == "1 reused"


@settings(max_examples=40)
@given(
    description=descriptions(),
    purged=st.sets(st.integers(0, 6)),
    verify=st.booleans(),
    uncached=st.sets(st.integers(0, 6), max_size=2),
)
def test_whatever_is_removed_of_what_a_run_reuses_a_retry_makes_no_other_value_of_it(
    description, purged, verify, uncached, flows, labs, tmp_path_factory
):
    tasks, ways = description
    any_flow = flows("any_flow")
    broken, mended = (Expected(tasks, ways, any_flow, broken=is_broken) for is_broken in (True, False))
    assume(broken.failed)
    lab = labs(tmp_path_factory.mktemp("purged"), "inline")
    wf = _made(any_flow, tasks, uncached)
    lab.submit(wf)
    seen = lab.submit(wf)
    _remove(lab, seen, [f"t{number}" for number in purged])
    (seen.run_dir / "mended").touch()
    before = seen.calls

    with lab.home():
        seen.run.retry(verify=verify)

    assert states_of(seen) == mended.states
    assert (Counter(seen.calls) - Counter(before)).keys() <= mended.done
    run_dir = lab.new_run_dir()
    run_dir.mkdir()
    (run_dir / "mended").touch()
    assert values_of(lab.submit(wf, run_dir=run_dir), mended) == mended.values


def _made(any_flow, tasks, uncached):
    described = [
        any_flow.Task(array, returns, tuple(any_flow.Take(*take) for take in takes), number not in uncached)
        for number, (array, returns, takes) in enumerate(tasks)
    ]
    return any_flow.make(described)


def _remove(lab, seen, tasks):
    """Remove from the store what a run has reused of some tasks."""
    ledger = seen.run._run.ledger
    keys = {
        (row.identity, row.output)
        for task in tasks
        if task in seen.states
        for row in ledger.instances(task, {InstanceState.REUSED})
    }
    with contextlib.closing(SqliteStore(lab.store).open_results(write=True)) as results:
        later = time.time_ns() // 10**6 + 1000
        results.remove([one for one in results.old(later) if (one.identity, one.output) in keys])
