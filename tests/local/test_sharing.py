"""Which request a worker turns to: none starves, none is cut off, and no more slots are used than there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.contracts.executor import JobRequest
from reflow.model.resources import Resources
from reflow_local.order import Batch, Order
from reflow_local.sharing import TURN_S, choose


@pytest.fixture(autouse=True)
def free_size(monkeypatch):
    monkeypatch.delenv("REFLOW_BATCH", raising=False)


def order(name="a", cpus=1, instances=100, slots=4, elements=4, **resources):
    asked = Resources(cpus=cpus, **resources)
    request = JobRequest(name, [], [], elements, instances, asked, "", name, "", "")
    return Order(request, slots)


def chosen(orders, worker=0, current=None, since=0.0, now=1.0, slots=4):
    return choose(orders, worker, current, since, slots, now + orders[0].not_before)


def test_worker_stays_with_its_request_for_its_turn():
    a, b = order("a"), order("b")
    a.take(0, 1)
    begun = a.not_before + 1.0

    assert choose([b, a], 0, a, begun, 4, begun + TURN_S / 2) is a


def test_after_its_turn_it_takes_what_fewest_work_for():
    a, b = order("a"), order("b")
    a.take(0, 1)
    a.take(1, 2)
    begun = a.not_before + 1.0

    assert choose([a, b], 0, a, begun, 4, begun + 2 * TURN_S) is b


def test_wide_request_is_not_starved_by_narrow_ones():
    narrow, wide = order("narrow"), order("wide", cpus=4)
    narrow.take(0, 1)
    narrow.take(1, 2)
    narrow.served = 5.0

    assert chosen([narrow, wide], worker=2) is None  # slots are kept free until the wide one fits


def test_wide_request_gets_its_turn_when_slots_are_free():
    narrow, wide = order("narrow", instances=0), order("wide", cpus=4)

    assert chosen([narrow, wide], worker=2) is wide


def test_no_more_workers_than_the_task_allows():
    a = order(array_parallelism=1)
    a.take(0, 1)

    assert chosen([a], worker=1) is None
    assert chosen([a], worker=0) is a


def test_nothing_of_a_cancelled_request_is_started():
    a = order()
    a.cancel()

    assert chosen([a]) is None


def test_request_waits_for_what_comes_before_it():
    a = order()
    a.after.add("b")

    assert chosen([a]) is None


@given(st.sets(st.integers(0, 30)), st.integers(1, 31))
def test_positions_that_were_dropped_are_never_handed_out(dropped, instances):
    a = order(instances=instances)

    a.drop(dropped)

    left = [n for batch in a.waiting for n in range(batch.begin, batch.end)]
    assert left == [n for n in range(instances) if n not in dropped]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10)), max_size=60))
def test_every_position_is_held_waited_for_or_done_whatever_is_handed_back(steps):
    a = order(instances=50)
    done = []
    for worker, part in steps:
        element = a.element_of(worker)
        if element is not None and element.held:
            batch = element.held[0]
            end = min(batch.end, batch.begin + part)
            done += range(batch.begin, end)
            a.did(element.number, batch.begin, end, 0.001)
            element.is_unsealed = False
        elif a.has_work_for(worker):
            a.take(worker, worker)

    held = [
        n for element in a.elements.values() for batch in element.held for n in range(batch.begin, batch.end)
    ]
    waiting = [n for batch in a.waiting for n in range(batch.begin, batch.end)]
    assert sorted(done + held + waiting) == list(range(50))


def test_new_process_is_a_new_start_of_its_element():
    a = order()
    _, element = a.take(0, process=1)
    a.died(element)
    a.restart(element.number)

    batch, again = a.take(0, process=2)

    assert (again.number, again.start, batch.skip) == (element.number, 1, True)


def test_another_worker_can_go_on_with_what_a_dead_one_held():
    a = order(elements=1)
    first, element = a.take(0, process=1)
    a.died(element)
    a.restart(element.number)

    batch, again = a.take(3, process=9)

    assert (again.number, batch) == (0, Batch(first.begin, first.end, skip=True))


def test_element_that_waits_for_a_decision_is_given_nothing():
    a = order(elements=1, instances=1)
    _, element = a.take(0, process=1)
    a.died(element)

    assert not a.has_work_for(0)
    assert not a.is_idle


def test_long_instances_are_not_queued_behind_each_other():
    a = order(instances=10)
    _, element = a.take(0, process=1)
    a.did(element.number, 0, 1, spent_s=60.0)

    assert a.depth() == 1
    batch, _ = a.take(0, process=1)
    assert batch.end - batch.begin == 1


def test_short_instances_come_in_batches_of_about_twenty_milliseconds():
    a = order(instances=10_000)
    batch, element = a.take(0, process=1)
    a.did(element.number, batch.begin, batch.end, spent_s=50e-6 * (batch.end - batch.begin))

    batch, _ = a.take(0, process=1)
    assert 300 <= batch.end - batch.begin <= 500
