"""What was tried in vain decides when and where the next try is made."""

from __future__ import annotations

import pytest

from reflow.model.records import InstanceRow
from reflow.model.states import InstanceState
from reflow.run.tries import Tries, tries_of, waves


def row(index=0, tries=None):
    return InstanceRow("t", index, InstanceState.PENDING, bytes(32), tries=tries)


def test_an_instance_without_tries_begins_at_once_and_anywhere():
    assert tries_of(row()) == Tries()
    assert Tries().text() is None
    assert Tries().begin_s == 0


@pytest.mark.parametrize(("faults", "begin_s"), [(1, 60), (2, 300), (3, 900), (9, 900)])
def test_the_more_faults_of_the_machines_the_longer_it_is_backed_off(faults, begin_s):
    assert Tries(infra=faults).begin_s == begin_s
    assert Tries(preempt=faults).begin_s == begin_s


def test_faults_of_the_task_are_tried_again_at_once():
    assert Tries(task=3, lost=2).begin_s == 0


def test_what_is_charged_is_kept_by_the_row():
    tries = Tries().charged("infra", "n1").charged("task").charged("infra", "n2").charged("")

    assert tries_of(row(tries=tries.text())) == Tries(task=1, infra=2, bad=("n1", "n2"))


def test_only_the_last_nodes_that_failed_are_left_out_and_each_once():
    tries = Tries()
    for node in ("n1", "n2", "n1", "n3", "n4"):
        tries = tries.charged("infra", node)

    assert tries.bad == ("n1", "n3", "n4")


def test_instances_go_together_that_may_begin_alike():
    once, twice = Tries(infra=1, bad=("n1",)).text(), Tries(infra=2, bad=("n1",)).text()
    rows = [row(0), row(1, once), row(2, twice), row(3, once), row(4)]

    found = [(wave.begin_s, wave.exclude, [one.index for one in wave.rows]) for wave in waves(rows)]
    assert found == [(0, (), [0, 4]), (60, ("n1",), [1, 3]), (300, ("n1",), [2])]
