"""Single turns that a run on a scheduler can take, each as it must go, on a cluster in memory."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from unittest.mock import Mock

import engine_flow
import pytest
from engine_machine import DAY_S, EngineMachine

from reflow.contracts.executor import ElementReport, JobRequest, Limits
from reflow.errors import OutOfReach, SchedulerError
from reflow.filesystem import locks
from reflow.filesystem.locks import MISSED_S, STALE_S, LockFile
from reflow.filesystem.process import ProcessId
from reflow.model.states import InstanceState, JobState, RunState
from reflow.run import arrivals, handover, hold
from reflow.run.advance import advance
from reflow.run.cancel import cancel
from reflow.run.drive import follow
from reflow.run.logs import log_slices
from reflow.run.look import look
from reflow.run.opened import ASK_AGAIN_S
from reflow.run.rebuild_ledger import rebuild_ledger
from reflow.run.retry import retry
from reflow.run.small_jobs import NET
from reflow.run.status import read_status
from reflow.rundir.control import Scope, leave_note, write_request
from reflow.rundir.messages import told
from reflow.rundir.outcomes import list_segments
from reflow.testing.cluster import Cluster, Element, Terminated
from reflow.testing.cluster_executor import ClusterExecutor


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[EngineMachine]:
    """A run of which nothing has been done but the submit, on a cluster with room for all."""
    flow, limits = getattr(request, "param", ("flow_1_0", Limits()))
    machine = EngineMachine()
    machine.submit(flow=flow, slots=20, limits=limits)
    yield machine
    machine.teardown()


def of_task(engine: EngineMachine, task: str) -> list[Element]:
    """The active elements of a task."""
    return [element for element in engine.cluster.active if f".{task}." in element.request.name]


def until(engine: EngineMachine, task: str, state: JobState = JobState.RUNNING) -> list[Element]:
    """Let time pass until all elements of a task stand so."""
    for _ in range(100):
        engine.cluster.run_for(1.0)
        found = of_task(engine, task)
        if found and all(element.state is state for element in found):
            engine.cluster.run_for(3.0)  # they are inside their function then
            return found
    raise AssertionError(f"no {task} was {state.value}")


def test_what_a_node_killed_is_tried_again_later_and_elsewhere(engine):
    victim = until(engine, "work")[1]
    engine.cluster.end(victim, JobState.NODE_FAIL, "its node failed")
    engine.cluster.run_for(30.0)

    (again,) = of_task(engine, "work")
    assert again.state is JobState.PENDING
    assert again.request.begin_s == 60
    assert list(again.request.exclude) == [victim.node]


def test_what_was_preempted_is_tried_again_later_and_anywhere(engine):
    engine.cluster.end(until(engine, "work")[1], JobState.PREEMPTED, "others go first", asked=True)
    engine.cluster.run_for(30.0)

    (again,) = of_task(engine, "work")
    assert (again.request.begin_s, list(again.request.exclude)) == (60, [])


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.TIMEOUT, JobState.OUT_OF_MEMORY])
def test_what_failed_by_itself_is_not_tried_again_without_retries(engine, state):
    engine.cluster.end(until(engine, "side")[0], state, "as it happens")
    engine.cluster.run_for(30.0)

    (row,) = engine.ledger.instances("side")
    assert row.state is InstanceState.FAILED
    assert "as it happens" in row.reason


def test_what_ran_out_of_time_before_it_began_is_not_tried_again_without_retries(engine):
    (waiting,) = of_task(engine, "side")
    waiting.is_held = True
    engine.cluster.run_for(5.0)
    engine.cluster.end(waiting, JobState.TIMEOUT, "DEADLINE: it cannot end before its deadline")
    engine.cluster.run_for(300.0)

    (row,) = engine.ledger.instances("side")
    assert row.state is InstanceState.FAILED
    assert row.reason == "its job ran out of time (DEADLINE: it cannot end before its deadline)"
    assert len([e for e in engine.cluster.elements if ".side." in e.request.name]) == 1


def test_what_a_log_still_says_of_an_earlier_start_is_no_reason(engine, monkeypatch):
    requeued = ElementReport(JobState.PENDING, "DUE TO JOB REQUEUE")
    monkeypatch.setattr(engine.executor, "explain", lambda log: requeued)
    engine.cluster.end(until(engine, "side")[0], JobState.FAILED, "ended with exit status 1")
    engine.cluster.run_for(30.0)

    (row,) = engine.ledger.instances("side")
    assert row.state is InstanceState.FAILED
    assert "ended with exit status 1" in row.reason


def test_what_cannot_begin_says_why(engine, monkeypatch):
    launch = engine.cluster._launch

    def fails(element):
        with open(engine.paths.element_log(element.request.token, 0), "a", encoding="utf-8") as log:
            log.write("Traceback:\nImportError: libfoo.so.3\n")
        element.ends_as = JobState.FAILED, "ended with exit status 1"
        yield 0.1

    monkeypatch.setattr(
        engine.cluster, "_launch", lambda e: (fails if ".side." in e.request.name else launch)(e)
    )
    engine.cluster.run_for(4000.0)

    (row,) = engine.ledger.instances("side")
    assert row.state is InstanceState.FAILED
    assert "its job failed (ended with exit status 1: ImportError: libfoo.so.3)" in row.reason


def test_what_somebody_else_cancelled_is_cancelled_and_stays_so(engine):
    engine.cluster.end(until(engine, "side")[0], JobState.CANCELLED, "cancelled by user 7", asked=True)
    engine.cluster.run_for(4000.0)

    (row,) = engine.ledger.instances("side")
    assert row.state is InstanceState.CANCELLED
    assert "from outside (cancelled by user 7)" in row.reason


def test_nothing_waits_in_the_queue_between_the_stages(engine):
    engine.cluster.run_for(60.0)

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    began = [e for e in engine.cluster.elements if any(r.state is JobState.RUNNING for _, r in e.history)]
    assert [e.request.name for e in began if e.request.argv[3] == "advance"] == []


def test_status_says_why_elements_wait(engine):
    victim = until(engine, "side")[0]
    engine.cluster.requeue(victim)
    victim.is_held = True
    engine.cluster.run_for(40.0)
    engine.look()

    waits = read_status(engine.opened())["queue"]["waits"]
    assert waits == {"side": {"BeginTime": 1}}


def test_why_elements_waited_is_not_told_of_a_task_that_has_none_in_the_queue(engine):
    victim = until(engine, "side")[0]
    engine.cluster.requeue(victim)
    victim.is_held = True
    engine.cluster.run_for(40.0)
    engine.look()
    victim.is_held = False
    until(engine, "side")

    assert read_status(engine.opened())["queue"]["waits"] == {}


def test_the_log_of_what_waits_to_be_started_again_is_there(engine):
    victim = until(engine, "side")[0]
    with contextlib.suppress(Terminated):
        victim.life.throw(Terminated())
    engine.cluster.requeue(victim)
    victim.is_held = True
    engine.look()

    (found,) = log_slices(engine.opened(), [Scope("side")])
    assert (found.attempt.state, found.attempt.reason) == (InstanceState.SUBMITTED, "it was asked to end")
    victim.is_held = False
    until(engine, "side")
    assert [one.attempt.state.value for one in log_slices(engine.opened(), [Scope("side")])] == [
        "submitted",
        "running",
    ]
    engine.cluster.run_for(40.0)
    assert [one.attempt.state.value for one in log_slices(engine.opened(), [Scope("side")])] == ["succeeded"]


def test_a_run_whose_python_was_removed_says_that_nothing_of_it_can_start(engine):
    run = engine.opened()
    before = read_status(run)["messages"]
    run.info["python"] = "/nowhere/bin/python"

    (told,) = set(read_status(run)["messages"]) - set(before)
    assert "nothing of it can start: /nowhere/bin/python; put it back, or submit again" in told


def test_what_waits_to_be_started_again_is_not_told_to_run(engine):
    victim = until(engine, "side")[0]
    engine.cluster.requeue(victim)
    victim.is_held = True
    engine.cluster.run_for(40.0)
    engine.look()

    assert read_status(engine.opened())["tasks"]["side"]["counts"] == {"submitted": 1}
    victim.is_held = False
    until(engine, "side")
    assert read_status(engine.opened())["tasks"]["side"]["counts"] == {"running": 1}


def test_what_is_known_to_have_ended_is_not_told_to_run(engine):
    until(engine, "side")
    for element in list(engine.cluster.active):
        engine.cluster.end(element, JobState.CANCELLED, "cancelled by user 7", asked=True)
    engine.cluster.run_for(40.0)
    engine.look()

    assert read_status(engine.opened())["tasks"]["side"]["counts"] == {"submitted": 1}


def test_what_was_sealed_elsewhere_is_waited_for_and_does_not_run_again(engine, monkeypatch):
    unseen = Counter()
    look = arrivals.missing_segments

    def late(sub):
        unseen[sub] += 1
        return {"0.0.0.jsonl"} if unseen[sub] <= 2 else look(sub)

    monkeypatch.setattr(arrivals, "missing_segments", late)
    engine.cluster.run_for(200.0)

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert Counter(engine_flow.CALLS) == Counter(set(engine_flow.CALLS))


def test_what_was_sealed_and_never_comes_into_view_is_for_the_watchdog(engine, monkeypatch):
    monkeypatch.setattr(arrivals, "missing_segments", lambda sub: {"99.0.0.jsonl"})
    engine.cluster.run_for(2000.0)

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    began = [e for e in engine.cluster.elements if any(r.state is JobState.RUNNING for _, r in e.history)]
    assert any(".watchdog." in e.request.name for e in began)


def held_on_another_node(engine: EngineMachine, monkeypatch: pytest.MonkeyPatch, job: str = "") -> LockFile:
    """Have somebody else hold the lease from now on, who does not beat any more."""
    elsewhere = LockFile(os.path.join(engine.paths.control, "lease"), job)
    elsewhere._mine = elsewhere._mine._replace(process=ProcessId("another-node", "", 1, ""))
    assert elsewhere.take() is None
    since = engine.cluster.now_s
    monkeypatch.setattr(LockFile, "_still_s", lambda lock: engine.cluster.now_s - since)
    return elsewhere


def test_a_watchdog_waits_for_the_lease_of_somebody_who_died_on_another_node(engine, monkeypatch):
    (lost,) = until(engine, "side")
    held_on_another_node(engine, monkeypatch)
    for element in [lost, *of_task(engine, "source")]:
        engine.cluster.end(element, JobState.FAILED, "ended with exit status 1")
    engine.cluster.run_for(STALE_S + 90.0)

    assert engine.ledger.overview().state is RunState.FAILED
    assert not engine.cluster.active


def test_a_watchdog_takes_the_lease_of_a_job_that_is_over_once_a_beat_is_missing(engine, monkeypatch):
    (lost,) = until(engine, "side")
    held_on_another_node(engine, monkeypatch, lost.job)
    engine.cluster.end(lost, JobState.FAILED, "ended with exit status 1")
    engine.cluster.run_for(MISSED_S + 20.0)

    assert engine.ledger.overview().counts["side"] != {InstanceState.SUBMITTED: 1}


def test_the_lease_of_a_job_that_runs_is_left_to_it_and_the_scheduler_is_not_asked_all_the_time(
    engine, monkeypatch
):
    (alive, *_), (lost,) = until(engine, "source"), until(engine, "side")
    holder = held_on_another_node(engine, monkeypatch, alive.job)
    asked, answer = [], engine.cluster.is_over
    monkeypatch.setattr(
        engine.cluster, "is_over", lambda job: asked.append(engine.cluster.now_s) or answer(job)
    )
    alive.is_inside = True  # it hangs
    engine.cluster.end(lost, JobState.FAILED, "ended with exit status 1")
    engine.cluster.run_for(STALE_S - 30.0)

    assert engine.ledger.overview().counts["side"] == {InstanceState.SUBMITTED: 1}
    assert 0 < len(asked) <= STALE_S / ASK_AGAIN_S
    holder.release()
    alive.is_inside = False


@pytest.mark.parametrize("is_known", [True, False], ids=["of a job that is over", "of nobody knows what"])
def test_a_look_from_another_host_heals_what_a_dead_holder_of_the_lease_left(engine, monkeypatch, is_known):
    engine.cluster.run_for(0.5)
    (source,) = of_task(engine, "source")
    engine.cluster.end(source, JobState.FAILED, "ended with exit status 1")
    for small in engine.cluster.active:
        small.is_held = True  # nobody but a look comes
    held_on_another_node(engine, monkeypatch, source.job if is_known else "")
    engine.cluster.run_for(MISSED_S - 10.0)
    look(engine.opened())
    before = engine.ledger.overview().epoch
    engine.cluster.run_for((MISSED_S if is_known else STALE_S) + 20.0)
    look(engine.opened())

    assert engine.ledger.overview().epoch > before


def test_who_waits_goes_on_where_a_coordinator_was_killed_a_moment_ago(engine):
    until(engine, "side")
    engine.advance()
    killed = LockFile(os.path.join(engine.paths.control, "lease"))
    killed._mine = killed._mine._replace(process=killed._mine.process._replace(started="0"))
    assert killed.take() is None

    assert read_status(engine.opened())["messages"] == []
    assert follow(engine.opened(), 3600.0)["state"] == "succeeded"


@pytest.mark.parametrize("question", ["submit", "poll"])
def test_the_lease_is_kept_while_a_scheduler_takes_long_to_answer(engine, monkeypatch, question):
    victim = until(engine, "side")[0]
    engine.cluster.requeue(victim)
    victim.is_held = True
    lease, answer = os.path.join(engine.paths.control, "lease"), getattr(engine.cluster, question)
    seen: list[int] = []

    def take_long(asked: object) -> object:
        if not seen:
            seen.append(os.stat(lease).st_mtime_ns)
            deadline = time.monotonic() + 30.0
            while os.stat(lease).st_mtime_ns == seen[0] and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(os.stat(lease).st_mtime_ns)
        return answer(asked)

    monkeypatch.setattr(hold, "BEAT_S", 0.01)
    monkeypatch.setattr(locks, "BEAT_S", 0.01)
    monkeypatch.setattr(engine.cluster, question, take_long)
    engine.cluster.run_for(40.0)
    engine.look()

    before, after = seen
    assert after > before


@pytest.mark.parametrize("engine", [("flow_1_0", Limits(elements_per_request=2))], indirect=True)
def test_the_arrays_of_a_task_have_one_watchdog(engine):
    arrays = {element.native_id for element in until(engine, "work")}
    assert len(arrays) == 2  # of four instances that differ
    guards = [e.request for e in engine.cluster.active if ".watchdog." in e.request.name]
    assert [set(g.predecessors) for g in guards if set(g.predecessors) & arrays] == [arrays]


@pytest.mark.parametrize("engine", [("limited", Limits(elements_per_request=2))], indirect=True)
def test_arrays_follow_each_other_where_only_so_many_elements_may_work_at_once(engine):
    engine.cluster.run_for(15.0)

    first, second = dict.fromkeys(
        (e.native_id, tuple(e.request.predecessors)) for e in of_task(engine, "work")
    )
    assert (first[1], second[1]) == ((), (first[0],))


@pytest.mark.parametrize("engine", [("flow_1_0", Limits(elements_in_all=6))], indirect=True)
def test_no_more_is_queued_than_a_user_may_submit_and_the_rest_follows(engine):
    most = 0
    while not engine.ledger.overview().state.is_over:
        engine.cluster.run_for(1.0)
        most = max(most, len(engine.cluster.active))

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert most <= 6


def test_cancel_says_when_the_scheduler_does_not_hear_it_and_the_next_look_sees_to_it(engine):
    until(engine, "work")
    engine.cluster.deaf_until = engine.cluster.now_s + 1000.0
    with pytest.raises(OutOfReach, match="Unable to contact slurm controller"):
        cancel(engine.opened(), timeout_s=5.0)
    assert engine.ledger.overview().state is RunState.CANCELLED
    engine.cluster.deaf_until = 0.0
    engine.cluster.run_for(60.0)
    engine.look()

    assert engine.cluster.active == []
    assert engine.ledger.overview().submissions == []


@pytest.mark.parametrize("asked", [True, False], ids=["interrupted", "killed"])
def test_what_reflow_cancelled_is_not_said_to_be_cancelled_from_outside(engine, asked):
    victim, other, *_ = until(engine, "work")
    engine.was_cancelled = True
    write_request(engine.paths, "cancel", [Scope("work", frozenset((victim.number,)))])
    engine.cluster.end(victim, JobState.CANCELLED, "cancelled by user 1000", asked=asked)
    engine.cluster.end(other, JobState.NODE_FAIL, "its node failed")
    engine.cluster.run_for(4000.0)

    (attempt,) = engine.ledger.attempts("work", (), {victim.number})
    assert attempt.state is InstanceState.CANCELLED
    assert "outside" not in (attempt.reason or "")


@pytest.mark.parametrize(
    ("late_s", "told"), [(0.0, "cancelled 2 of run"), (1000.0, "nothing of run .* was cancelled")], ids=str
)
def test_cancel_tells_what_it_cancelled_and_not_what_had_ended_by_then(engine, monkeypatch, late_s, told):
    until(engine, "work")

    def write_late(*words):
        engine.cluster.run_for(late_s)
        return write_request(*words)

    monkeypatch.setattr("reflow.run.cancel.write_request", write_late)
    engine.was_cancelled = True

    assert re.match(told, cancel(engine.opened(), [Scope("work", frozenset((0, 1)))]))


def test_that_a_scheduler_gave_no_answer_is_told_once_until_it_answers(engine, monkeypatch):
    until(engine, "work")
    told_meanwhile = []
    for word in ("socket timed out", "connection refused", "it is busy"):
        answer = Mock(side_effect=SchedulerError(word))
        monkeypatch.setattr(ClusterExecutor, "poll", answer)
        advance(engine.opened(), wait=True)
        told_meanwhile.append([line for line in told(engine.paths) if "did not say" in line])
    monkeypatch.undo()
    advance(engine.opened(), wait=True)

    assert [len(lines) for lines in told_meanwhile] == [1, 1, 1]
    assert "it is busy" in told_meanwhile[-1][0]
    assert told(engine.paths) == []


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.RUNNING])
def test_cancel_of_an_element_that_the_scheduler_did_not_hear_is_seen_to_by_the_next_look(engine, state):
    victim = until(engine, "work")[1]
    if state is JobState.PENDING:
        engine.cluster.requeue(victim)
        victim.is_held = True
    engine.cluster.deaf_until = engine.cluster.now_s + 1000.0
    with pytest.raises(OutOfReach, match="Unable to contact slurm controller"):
        cancel(engine.opened(), [Scope("work", frozenset((1,)))], timeout_s=1.0)
    engine.cluster.deaf_until = 0.0
    assert victim.state is state
    engine.cluster.run_for(0.5)
    engine.look()

    assert victim.state is JobState.CANCELLED
    assert {e.state for e in of_task(engine, "work")} <= {JobState.PENDING, JobState.RUNNING}
    engine.cluster.run_for(60.0)
    assert Counter(r.state for r in engine.ledger.instances("work"))[InstanceState.CANCELLED] == 1


@pytest.mark.parametrize("engine", [("flow_2_0", Limits())], indirect=True)
def test_what_was_cancelled_in_an_element_that_waits_is_not_begun_after_a_retry_of_other_work(engine):
    until(engine, "work", JobState.PENDING)
    for element in of_task(engine, "work"):
        element.is_held = True
    engine.cancel((Scope("work", frozenset((1, 2))),))
    engine.retry((Scope("work", frozenset((2,))),))
    for element in of_task(engine, "work"):
        element.is_held = False
    engine.cluster.run_for(300.0)

    assert sorted(n for task, n in engine_flow.CALLS if task == "work") == [0, 2, 2, 4]
    assert [row.index for row in engine.ledger.instances("work", {InstanceState.CANCELLED})] == [1]


def test_logs_show_what_is_sealed_and_taken_in_while_they_are_looked_for(engine, monkeypatch):
    until(engine, "work")

    def listed_late(folder):
        monkeypatch.undo()
        engine.cluster.run_for(300.0)
        return list_segments(folder)

    monkeypatch.setattr("reflow.run.begun.list_segments", listed_late)
    shown = log_slices(engine.opened(), [Scope("work"), Scope("then")])

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert [one.attempt.index for one in shown] == 2 * [0, 1, 2, 4]  # 3 is the same work as 2


def test_cancel_of_a_run_leaves_nothing_in_the_queue_though_its_jobs_take_long_to_end(engine, monkeypatch):
    at_work = until(engine, "work")
    monkeypatch.setattr(engine.cluster, "end", _only_what_waits(engine.cluster.end))
    engine.cancel(())

    assert engine.ledger.overview().state is RunState.CANCELLED
    assert set(engine.cluster.active) == {e for e in at_work if e.state is JobState.RUNNING} != set()
    monkeypatch.undo()
    engine.cluster.run_for(60.0)
    engine.look()
    assert engine.ledger.overview().submissions == []
    assert {row.state for row in engine.rows() if row.task == "work"} == {InstanceState.CANCELLED}


def _only_what_waits(end):
    def act(element, state, reason="", *, asked=False):
        if element.state is JobState.PENDING:
            end(element, state, reason, asked=asked)

    return act


@pytest.mark.parametrize("engine", [("flow_1_0", Limits()), ("flow_2_0", Limits())], indirect=True)
@pytest.mark.parametrize("takes", [1, 2, 3, 5])
def test_what_is_more_than_may_be_queued_is_handed_over_in_parts(engine, takes):
    engine.cluster.takes = takes
    most = 0
    while not engine.ledger.overview().state.is_over and engine.cluster.now_s < 4000.0:
        engine.cluster.run_for(1.0)
        most = max(most, len(of_task(engine, "work")), len(of_task(engine, "then")))

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert most <= takes
    assert Counter(engine_flow.CALLS) == Counter(set(engine_flow.CALLS))
    assert max(row.attempt for row in engine.rows()) == 1


def test_what_cannot_be_queued_at_all_says_why_and_is_tried_one_by_one(engine):
    engine.cluster.run_for(10.0)
    engine.cluster.takes = 0
    tried: list[int] = []
    submit = engine.cluster.submit
    engine.cluster.submit = lambda request: (tried.append(request.instances), submit(request))[1]
    engine.cluster.run_for(300.0)

    tasks = [count for count in tried if count]
    assert tasks[:3] == [4, 2, 1]
    assert set(tasks[3:]) == {1}
    (waiting,) = [row for row in engine.ledger.overview().submissions if row.state == "intent"]
    assert (waiting.task, waiting.count) == ("work", 1)
    assert any(m.startswith("work: not even one element is taken: ") for m in told(engine.paths))

    engine.cluster.takes = None
    engine.cluster.run_for(4000.0)
    assert engine.ledger.overview().state is RunState.SUCCEEDED


@pytest.mark.parametrize("engine", [("flow_1_0", Limits(elements_per_request=2))], indirect=True)
def test_of_several_arrays_none_is_tried_once_no_more_is_taken(engine):
    engine.cluster.run_for(10.0)
    engine.cluster.takes = 1  # by the element that hands them over
    tried: list[tuple[float, int]] = []
    submit, cluster = engine.cluster.submit, engine.cluster
    cluster.submit = lambda request: (tried.append((cluster.now_s, request.instances)), submit(request))[1]
    cluster.run_for(20.0)

    assert [count for now, count in tried if count and now == tried[0][0]] == [2, 1]


class Later:
    """Has a user do something at a moment, while others sleep or submit; tells what was submitted from then on."""

    def __init__(self, cluster: Cluster, at_s: float, act: Callable[[], object]) -> None:
        self.cluster, self.at_s, self.act = cluster, at_s, act
        self.submitted: list[str] = []
        self.is_done = False
        sleep, submit = cluster.sleep, cluster.submit
        cluster.sleep = lambda seconds: (sleep(seconds), self.look())
        cluster.submit = lambda request: (self.note(request), submit(request))[1]

    def look(self) -> None:
        if self.cluster.now_s >= self.at_s and not self.is_done:
            self.is_done = True
            self.act()

    def note(self, request: JobRequest) -> None:
        if self.is_done:
            self.submitted.append(request.name)


def ask_to_cancel(engine: EngineMachine, *scopes: Scope) -> None:
    """Do what a cancel does first, and at the lease that another has."""
    engine.was_cancelled = True
    write_request(engine.paths, "cancel", scopes or (Scope(),))
    leave_note(engine.paths)


def test_whoever_waits_to_submit_again_hears_a_cancel_at_once_and_submits_no_more(engine):
    engine.cluster.answers.extend(["busy"] * 100)
    later = Later(engine.cluster, 100.0, lambda: ask_to_cancel(engine))
    engine.cluster.run_for(110.0)

    assert later.is_done
    assert later.submitted == []
    assert engine.ledger.overview().state is RunState.CANCELLED
    assert engine.ledger.overview().submissions == []


def test_a_command_does_not_wait_until_more_is_taken_and_says_that_no_job_looks(engine):
    engine_flow.FAILS["work", 0] = 1
    engine.get_over()
    engine.cluster.answers.extend(["full"] * 100)
    before = engine.cluster.now_s
    engine.retry(())

    assert engine.cluster.now_s - before < 3.0
    assert [message for message in told(engine.paths) if message.startswith("no job will look at this run")]
    assert engine.is_alone


def test_what_was_refused_is_submitted_as_soon_as_its_user_says_go_on(engine):
    engine_flow.FAILS["work", 0] = 1
    engine.get_over()
    engine.cluster.answers.extend(["full"] * 100)
    engine.retry(())
    assert of_task(engine, "work") == guards_of(engine) == []
    engine.cluster.answers.clear()
    engine.advance()

    assert of_task(engine, "work")
    assert guards_of(engine)


def test_what_was_certainly_refused_does_not_keep_a_cancel(engine):
    engine.cluster.answers.extend(["busy"] * 100)
    engine.cluster.run_for(16.0)
    assert [row.task for row in engine.ledger.overview().submissions if row.state == "intent"] == ["work"]
    before = engine.cluster.now_s
    engine.was_cancelled = True
    cancel(engine.opened())

    assert engine.cluster.now_s - before < 3.0
    assert engine.ledger.overview().state is RunState.CANCELLED


def test_what_was_refused_and_then_cancelled_ends_though_the_scheduler_does_not_answer(engine):
    engine.cluster.answers.extend(["busy"] * 100)
    engine.cluster.run_for(16.0)
    engine.cluster.deaf_until = engine.cluster.now_s + 1000.0
    ask_to_cancel(engine)
    advance(engine.opened())

    assert engine.ledger.overview().state is RunState.CANCELLED


def cancel_and_retry_unheard(engine: EngineMachine) -> None:
    """Cancel a run and open it again, while the scheduler answers nobody."""
    until(engine, "side")
    engine.cluster.deaf_until = engine.cluster.now_s + 10.0
    ask_to_cancel(engine)
    advance(engine.opened())
    assert engine.ledger.overview().state is RunState.CANCELLED
    write_request(engine.paths, "retry", (Scope("side"),))
    advance(engine.opened())
    assert engine.ledger.overview().state is RunState.RUNNING


def test_nobody_counts_on_a_small_job_that_was_told_to_end_and_may_have_heard_it(engine):
    until(engine, "side")
    before = guards_of(engine)
    cancel_and_retry_unheard(engine)

    fresh = {str(e.native_id) for e in guards_of(engine) if e not in before}
    tasks = {row.task for row in engine.ledger.overview().submissions if row.native_id in fresh}
    assert NET in tasks
    assert tasks != {NET}


def test_a_small_job_that_did_not_hear_that_it_is_to_end_is_told_again(engine):
    until(engine, "side")
    before = guards_of(engine)
    cancel_and_retry_unheard(engine)
    assert any(guard in before for guard in guards_of(engine))
    engine.cluster.run_for(12.0)
    advance(engine.opened())

    assert not any(guard in before for guard in guards_of(engine))


@pytest.mark.parametrize("engine", [("flow_1_0", Limits(elements_per_request=2))], indirect=True)
def test_nothing_is_submitted_once_a_cancel_is_there(engine):
    before = len(engine.cluster.elements)
    engine.cluster.meanwhile = lambda: ask_to_cancel(engine)  # while the first of its arrays is submitted
    engine.cluster.run_for(100.0)

    (native_id,) = {e.native_id for e in engine.cluster.elements[before:]}
    assert {e.state for e in engine.cluster.jobs[native_id]} == {JobState.CANCELLED}
    assert engine.ledger.overview().state is RunState.CANCELLED


@pytest.fixture
def mode_of() -> Iterator[Callable[[str], EngineMachine]]:
    """Submit a run to a site with a mode of its own."""
    made: list[EngineMachine] = []

    def submit(mode: str) -> EngineMachine:
        made.append(EngineMachine())
        made[-1].submit(flow="flow_1_0", slots=20, limits=Limits(), mode=mode)
        return made[-1]

    yield submit
    for engine in made:
        engine.teardown()


def test_where_elements_may_not_submit_the_watchdogs_alone_take_the_run_on(mode_of):
    engine = mode_of("watchdog")
    engine.cluster.run_for(600.0)

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert not engine.cluster.active


def test_where_no_job_may_submit_commands_alone_take_the_run_on(mode_of):
    engine = mode_of("poke")
    engine.is_alone = True  # nobody is asked to be there
    engine.cluster.run_for(600.0)
    assert engine.ledger.overview().state is RunState.RUNNING
    assert not engine.cluster.active

    for _ in range(4):
        engine.advance()
        engine.cluster.run_for(60.0)
    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert not [e for e in engine.cluster.elements if e.request.argv[3] == "advance"]


def test_who_waits_takes_a_run_up_of_which_every_job_was_cancelled(engine):
    until(engine, "work")
    for element in engine.cluster.active:
        engine.cluster.end(element, JobState.CANCELLED, asked=True)
    engine.is_alone = True
    engine.cluster.run_for(60.0)
    assert engine.ledger.overview().state is RunState.RUNNING

    assert follow(engine.opened(), 600.0)["state"] == "cancelled"
    assert not engine.cluster.active


def test_who_waits_takes_a_run_up_that_loses_its_jobs_meanwhile(engine):
    until(engine, "work")
    looks: list[str] = []

    def lose_all(status):
        looks.append(status["state"])
        for element in engine.cluster.active if len(looks) == 10 else ():
            engine.cluster.end(element, JobState.CANCELLED, asked=True)
            engine.is_alone = True

    assert follow(engine.opened(), 600.0, lose_all)["state"] == "cancelled"


def test_where_no_job_may_submit_who_waits_takes_the_run_on(mode_of):
    engine = mode_of("poke")
    engine.is_alone = True

    assert follow(engine.opened(), 600.0)["state"] == "succeeded"


def test_where_no_job_may_submit_who_waits_finds_what_was_lost(mode_of):
    engine = mode_of("poke")
    engine.is_alone = True
    engine.cluster.end(until(engine, "side")[0], JobState.FAILED, "ended with exit status 1")

    assert follow(engine.opened())["state"] == "failed"
    retry(engine.opened())
    assert follow(engine.opened())["state"] == "succeeded"


def test_who_waits_for_a_long_task_asks_the_scheduler_ever_more_rarely(engine, monkeypatch):
    for element in engine.cluster.active:
        element.is_held = True
    asked: list[float] = []
    poll = engine.cluster.poll
    monkeypatch.setattr(engine.cluster, "poll", lambda ids: asked.append(engine.cluster.now_s) or poll(ids))
    follow(engine.opened(), 3600.0)
    monkeypatch.undo()

    assert 5 < len(asked) < 20


def _say(engine, element, reason):
    """Have the scheduler say of an element that waits, why."""
    element.turn(JobState.PENDING, engine.cluster.now_s, reason)


@pytest.mark.parametrize("engine", [("flow_1_0", Limits(2))], indirect=True)
def test_all_reasons_for_which_arrays_of_a_task_wait_are_told_the_worst_first(engine):
    until(engine, "source")
    while not (waiting := of_task(engine, "work")):
        engine.cluster.run_for(0.5)
    for element in waiting:
        element.is_held = True
        _say(engine, element, "Priority: others go first")
    _say(engine, waiting[0], "JobHeldUser: held; type: scontrol release 101")
    engine.advance()

    told = read_status(engine.opened())["queue"]["waits"]["work"]
    assert list(told.items()) == [
        ("JobHeldUser: held; type: scontrol release 101", 1),
        ("Priority: others go first", len(waiting) - 1),
    ]


def until_told(engine: EngineMachine) -> list[str]:
    """Let time pass until the run has something to tell."""
    for _ in range(500):
        if messages := read_status(engine.opened())["messages"]:
            return list(messages)
        engine.cluster.run_for(0.2)
    raise AssertionError("nothing was told")


@pytest.mark.parametrize(
    ("answer", "told"), [("busy", "it is tried again"), ("dropped", "it is looked up by its token")]
)
def test_what_is_told_of_a_submission_without_an_answer_is_gone_once_it_has_one(engine, answer, told):
    until(engine, "source")
    engine.cluster.answers.append(answer)
    messages = until_told(engine)
    assert [message.endswith(told) for message in messages] == [True]

    until(engine, "work")
    assert read_status(engine.opened())["messages"] == []


@pytest.mark.parametrize("kind", [".work.", ".watchdog."])
def test_what_may_arrive_after_a_call_that_took_long_is_not_submitted_again_before(engine, kind):
    until(engine, "source")
    cluster, submit = engine.cluster, engine.cluster.submit

    def take_long(request: JobRequest) -> str:
        if kind in request.name:
            cluster.submit = submit
            cluster.sleep(100.0)
            cluster.answers.append("adrift")
        return submit(request)

    cluster.submit = take_long
    cluster.run_for(115.0)
    engine.look()
    cluster.run_for(600.0)

    assert cluster.submit == submit
    accepted = Counter(job[0].request.token for job in cluster.jobs.values())
    assert set(accepted.values()) == {1}


def test_a_small_job_that_was_refused_is_told_until_there_is_one(engine):
    until(engine, "source")
    engine.cluster.answers.extend(["", *["refused"] * 9])  # of the array, and of its watchdogs
    messages = until_told(engine)
    assert messages[0].startswith("no watchdog could be submitted: ")

    engine.cluster.answers.clear()
    engine.advance()
    assert read_status(engine.opened())["messages"] == []


DOWN = "PartitionDown: its partition is down; type: sinfo -s"


@pytest.fixture
def left_to_guards(engine: EngineMachine) -> EngineMachine:
    """A run whose elements were all killed, and whose small jobs are stuck in the queue."""
    elements = until(engine, "work")
    for guard in guards_of(engine):
        guard.is_held = True
        _say(engine, guard, DOWN)
    for element in elements:
        engine.cluster.end(element, JobState.FAILED, "ended with exit status 1")
    engine.is_alone = True
    engine.cluster.run_for(60.0)
    return engine


def guards_of(engine: EngineMachine) -> list[Element]:
    return [element for element in engine.cluster.active if element.request.argv[3] == "advance"]


def test_status_says_what_a_small_job_waits_for_that_is_all_that_is_left(left_to_guards):
    engine = left_to_guards
    (told,) = look(engine.opened())["messages"]
    assert told.startswith(
        f"only the watchdog of this run is left in the queue ({DOWN}); go on with: reflow advance"
    )

    engine.advance()
    assert not any("is left in the queue" in told for told in read_status(engine.opened())["messages"])


def test_what_was_refused_for_now_is_not_left_to_the_watchdog_of_what_takes_long(engine):
    until(engine, "source")
    (slow,) = of_task(engine, "side")
    slow.due = engine.cluster.now_s + 2 * DAY_S
    engine.cluster.takes = 0
    engine.cluster.run_for(600.0)
    engine.cluster.takes = None
    engine.cluster.run_for(2000.0)

    assert slow.state is JobState.RUNNING
    assert [row.state for row in engine.ledger.instances("total")] == [InstanceState.SUCCEEDED]


def test_small_jobs_that_wait_are_not_told_while_elements_do(engine):
    for element in engine.cluster.active:
        element.is_held = True
        _say(engine, element, DOWN)
    engine.cluster.run_for(60.0)

    status = look(engine.opened())
    assert list(status["queue"]["waits"]) == ["source", "side"]
    assert status["messages"] == []


def test_who_waits_does_what_small_jobs_would_that_are_stuck(left_to_guards):
    assert follow(left_to_guards.opened(), 3600.0)["state"] == "failed"


def test_small_jobs_ask_for_no_more_time_than_their_partition_gives(engine, monkeypatch):
    monkeypatch.setattr(engine.executor, "longest_s", lambda partition: 300)
    until(engine, "work")

    times = [guard.request.resources.time_s for guard in guards_of(engine)]
    assert times[-1] == 300


def test_retry_right_after_a_cancel_ends_as_soon_as_its_own_work_is_done(engine, monkeypatch):
    before = until(engine, "work")
    monkeypatch.setattr(engine.cluster, "end", _only_what_waits(engine.cluster.end))
    engine.cancel(())
    engine.retry(())
    assert engine.ledger.overview().state is RunState.RUNNING
    monkeypatch.undo()
    for element in before:  # they took their time
        engine.cluster.end(element, JobState.CANCELLED)
    engine.cluster.run_for(45.0)

    assert engine.ledger.overview().state is RunState.SUCCEEDED
    assert not engine.cluster.active


def test_what_is_opened_again_waits_for_what_was_cancelled_and_takes_long_to_end(engine, monkeypatch):
    before = until(engine, "work")
    monkeypatch.setattr(engine.cluster, "end", _only_what_waits(engine.cluster.end))
    engine.cancel(())
    engine.retry(())
    engine.cluster.run_for(3.0)

    again = [element for element in of_task(engine, "work") if element not in before]
    assert [element.state for element in again] == [JobState.PENDING] * len(before)
    assert {native for element in again for native in element.request.predecessors} == {before[0].native_id}


def test_one_that_is_opened_again_waits_for_its_element_that_takes_long_to_end(engine, monkeypatch):
    before = until(engine, "work")
    monkeypatch.setattr(engine.cluster, "end", _only_what_waits(engine.cluster.end))
    one = Scope("work", frozenset((1,)))
    engine.cancel((one,))
    engine.retry((one,))
    engine.cluster.run_for(3.0)

    (again,) = [element for element in of_task(engine, "work") if element not in before]
    assert again.state is JobState.PENDING
    assert again.request.predecessors == []
    assert again.request.elements_ahead == [(before[1].native_id, before[1].number)]
    monkeypatch.undo()
    engine.cluster.end(before[1], JobState.CANCELLED)
    engine.cluster.run_for(45.0)
    assert engine.ledger.overview().state is RunState.SUCCEEDED


def test_what_is_taken_in_parts_waits_for_the_elements_that_the_whole_would_have_waited_for(
    engine, monkeypatch
):
    before = until(engine, "work")
    monkeypatch.setattr(engine.cluster, "end", _only_what_waits(engine.cluster.end))
    two = Scope("work", frozenset((0, 1)))
    engine.cancel((two,))
    engine.cluster.answers.append("full")
    engine.retry((two,))

    (again,) = [element for element in of_task(engine, "work") if element not in before]
    assert again.request.elements_ahead == [(e.native_id, e.number) for e in before[:2]]


def test_where_too_many_elements_would_be_waited_for_their_arrays_are(engine, monkeypatch):
    before = until(engine, "work")
    monkeypatch.setattr(handover, "MOST_AHEAD", 1)
    monkeypatch.setattr(engine.cluster, "end", _only_what_waits(engine.cluster.end))
    two = Scope("work", frozenset((0, 1)))
    engine.cancel((two,))
    engine.retry((two,))

    again = [element for element in of_task(engine, "work") if element not in before]
    assert [element.request.elements_ahead for element in again] == [[], []]
    assert [element.request.predecessors for element in again] == [[before[0].native_id]] * 2


def test_a_job_whose_cancel_was_not_told_is_called_off_though_its_work_was_opened_again(engine):
    old = of_task(engine, "side")
    side = (Scope("side"),)
    engine.kill_a_coordinator(1)
    engine.look()
    engine.cancel(side)
    assert of_task(engine, "side") == old
    engine.retry(side)
    assert of_task(engine, "side") != old

    engine.cancel(())

    assert of_task(engine, "side") == []


def test_a_cancel_reaches_a_safety_net_that_came_through_later_than_anybody_waited(engine):
    cluster, submit = engine.cluster, engine.cluster.submit

    def drift(request: JobRequest) -> str:
        if ".net." in request.name:
            cluster.submit = submit
            cluster.answers.append("adrift")
            cluster.lag_s = 40.0
        return submit(request)

    (net,) = of_task(engine, "net")
    cluster.cancel([net.native_id])
    cluster.submit = drift
    cluster.run_for(1.0)
    engine.advance()
    cluster.sleep(62.0)
    engine.advance()
    assert cluster.submit == submit
    cluster.lag_s = 0.0
    given_up = {
        row.token for row in engine.ledger.submissions() if row.state == "ended" and not row.native_id
    }
    assert given_up & {element.request.token for element in of_task(engine, "net")}

    engine.cancel(())


def test_a_run_that_is_opened_again_counts_on_no_small_job_of_before_it_was_over(engine):
    engine.cluster.forget_s = 0.0
    engine.cluster.vanish(of_task(engine, "source")[0].native_id)
    engine.cancel(())
    assert rebuild_ledger(engine.opened()).state is RunState.CANCELLED
    assert [row.task for row in engine.ledger.overview().submissions if row.task == NET] == [NET]
    assert of_task(engine, "net") == []

    engine.retry(())

    assert len(of_task(engine, "net")) == 1


def test_small_jobs_that_a_killed_cancel_left_are_cancelled_before_a_retry(engine):
    engine.kill_a_coordinator(5)
    engine.cancel(())
    left = of_task(engine, "net") + of_task(engine, "watchdog")
    assert left

    engine.retry(())

    assert not any(element.state.is_active for element in left)
    assert len(of_task(engine, "net")) == 1
