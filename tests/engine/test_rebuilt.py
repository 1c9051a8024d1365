"""A run whose ledger is rebuilt while its jobs are about goes on when its user says so, and nothing runs twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import engine_flow
import pytest
from engine_machine import EngineMachine

from reflow.contracts.executor import Limits
from reflow.model.states import InstanceState, RunState
from reflow.run.advance import advance
from reflow.run.cancel import cancel
from reflow.run.rebuild_ledger import rebuild_ledger
from reflow.run.release import release
from reflow.run.retry import retry
from reflow.rundir.control import Scope

ELEMENTS_S = 1.0


@pytest.fixture
def engine() -> Iterator[EngineMachine]:
    machine = EngineMachine()
    machine.submit(flow="flow_1_0", slots=20, limits=Limits())
    yield machine
    machine.teardown()


def _go_on(engine: EngineMachine) -> None:
    release(engine.opened())
    advance(engine.opened(), wait=True)
    engine.get_over()


@pytest.mark.parametrize("seconds", [0, 2, 5, 8, 12, 20, 40])
def test_nothing_runs_twice_whenever_the_ledger_is_rebuilt(engine, seconds):
    engine.cluster.run_for(seconds * ELEMENTS_S)

    rebuild_ledger(engine.opened())
    engine.cluster.run_for(30.0)
    _go_on(engine)

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert Counter(engine_flow.CALLS) == Counter(set(engine_flow.CALLS))


def test_what_was_refused_and_then_cancelled_is_not_taken_for_submitted_by_a_rebuilt_ledger(engine):
    engine.cluster.answers.extend(["busy"] * 100)
    engine.cluster.run_for(16.0)
    engine.was_cancelled = True
    cancel(engine.opened(), (Scope("work"),))
    engine.cluster.answers.clear()
    retry(engine.opened(), (Scope("work", frozenset({1})),))
    engine.get_over()

    rebuild_ledger(engine.opened())

    assert engine.ledger.overview().submissions == []
    engine.succeeded.clear()  # what is behind work is found again once the run goes on
    _go_on(engine)


def test_a_held_run_hands_nothing_over_whoever_looks(engine):
    engine.cluster.run_for(3.0)
    rebuild_ledger(engine.opened())
    before = len(engine.cluster.elements)

    engine.cluster.run_for(20_000.0)  # its watchdogs and its safety net look, too
    advance(engine.opened(), wait=True)

    assert engine.ledger.overview().state is RunState.HELD
    assert len(engine.cluster.elements) == before
    _go_on(engine)


def test_a_submission_without_an_answer_is_looked_up_before_anything_is_handed_over(engine):
    engine.cluster.run_for(3.0)
    for receipt in Path(engine.paths.jobs).glob("*/receipt.json"):
        receipt.unlink()  # they are not synced, and may be lost with the node

    rebuild_ledger(engine.opened())
    states = {row.state for row in engine.ledger.overview().submissions if not row.task.startswith("@")}
    _go_on(engine)

    assert states == {"intent"}
    assert Counter(engine_flow.CALLS) == Counter(set(engine_flow.CALLS))


def test_a_held_run_can_be_cancelled_and_leaves_no_job(engine):
    engine.cluster.run_for(3.0)
    rebuild_ledger(engine.opened())

    cancel(engine.opened())
    engine.cluster.run_for(100_000.0)

    assert engine.ledger.overview().state is RunState.CANCELLED
    assert not engine.cluster.active
    assert not any(row.state is InstanceState.SUBMITTED for row in engine.rows())
