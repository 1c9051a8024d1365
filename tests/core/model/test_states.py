"""The words for how things stand: what is over is not active, and unknown is never success."""

from __future__ import annotations

import pytest

from reflow.model.states import InstanceState, JobState, RunState, TaskState


@pytest.mark.parametrize("states", [JobState, InstanceState, RunState, TaskState])
def test_a_word_is_its_name_in_lower_case(states):
    assert all(state.value == state.name.lower() for state in states)


def test_every_success_is_terminal():
    assert all(state.is_terminal for state in InstanceState if state.is_success)


def test_only_succeeded_and_reused_have_an_output():
    assert {state for state in InstanceState if state.is_success} == {
        InstanceState.SUCCEEDED,
        InstanceState.REUSED,
    }


def test_what_may_still_do_something_is_not_terminal():
    waiting = {InstanceState.PENDING, InstanceState.SUBMITTED, InstanceState.RUNNING}

    assert {state for state in InstanceState if not state.is_terminal} == waiting


def test_unknown_is_no_active_job():
    assert {state for state in JobState if state.is_active} == {JobState.PENDING, JobState.RUNNING}


def test_a_held_run_is_not_over():
    assert {state for state in RunState if not state.is_over} == {RunState.RUNNING, RunState.HELD}
