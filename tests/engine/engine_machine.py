"""The whole engine on a cluster in memory, whatever happens to it, with what must hold after every step."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache

import engine_flow
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reflow.contracts.backends import Backends
from reflow.contracts.executor import Limits
from reflow.contracts.store import Ledger
from reflow.errors import OutOfReach, UsageError
from reflow.graph.model import Graph
from reflow.model.records import Changes, InstanceRow
from reflow.model.states import InstanceState, JobState, RunState
from reflow.run.advance import advance, advance_for
from reflow.run.cancel import cancel
from reflow.run.clock import kept_by
from reflow.run.drive import hand_over
from reflow.run.opened import OpenRun
from reflow.run.rebuild_ledger import rebuild_ledger
from reflow.run.release import release
from reflow.run.retry import retry
from reflow.run.settle import settle
from reflow.run.submit import SubmitRequest, create
from reflow.rundir import messages
from reflow.rundir.control import Scope, leave_note, write_request
from reflow.rundir.outcomes import read_segment
from reflow.testing.cluster import ANSWERS, Cluster, Element, Killed
from reflow.testing.cluster_executor import ClusterExecutor
from reflow.testing.cluster_jobs import Jobs
from reflow.testing.memory import MemoryStore
from reflow.testing.memory_ledger import MemoryLedger
from reflow.worker.load import load_run_here

DAY_S = 86400.0
_ENDS = st.sampled_from(
    [
        (JobState.FAILED, False),
        (JobState.OUT_OF_MEMORY, False),
        (JobState.TIMEOUT, True),
        (JobState.NODE_FAIL, False),
        (JobState.PREEMPTED, True),
        (JobState.CANCELLED, True),
    ]
)
_PICK = st.integers(0, 30)
_CALL = st.sampled_from([(t, n) for t in ("work", "then") for n in (0, 1, 2, 4, 10, 12)])
_SCOPE = st.sampled_from([(), (Scope("work"),), (Scope("work", frozenset((1, 2))),), (Scope("side"),)])
_SUCCESS = (InstanceState.SUCCEEDED, InstanceState.REUSED)
_ACTIVE = (InstanceState.PENDING, InstanceState.SUBMITTED)


class MortalStore(MemoryStore):
    """A store whose writer can be killed before and after each transaction."""

    def __init__(self, address: str, point: Callable[[], None]) -> None:
        super().__init__(address)
        self._point = point

    def open_ledger(self, directory: str, *, write: bool = False) -> Ledger:
        opened = super().open_ledger(directory, write=write)
        assert isinstance(opened, MemoryLedger)
        return MortalLedger(opened, self._point) if write else opened


class MortalLedger(MemoryLedger):
    def __init__(self, opened: MemoryLedger, point: Callable[[], None]) -> None:
        super().__init__(opened._place, write=True)
        self._point = point

    def apply(self, changes: Changes, epoch: int) -> None:
        self._point()
        super().apply(changes, epoch)
        self._point()


class EngineMachine(RuleBasedStateMachine):
    """Lets one run go through anything, and at last asks that it be over, whole and right."""

    def __init__(self) -> None:
        super().__init__()
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="reflow-engine-", dir=memory)
        self.succeeded: dict[tuple[str, int], bytes | None] = {}
        self.was_cancelled = False
        self.is_alone = (
            False  # its guards were taken away, or could not be submitted, and nobody has looked since
        )

    @initialize(
        flow=st.sampled_from(sorted(engine_flow.FLOWS)),
        slots=st.sampled_from([1, 3, 8]),
        limits=st.sampled_from([Limits(), Limits(2), Limits(3, 6)]),
    )
    def submit(self, flow: str, slots: int, limits: Limits, mode: str = "inline") -> None:
        engine_flow.CALLS.clear()
        engine_flow.FAILS.clear()
        self.cluster = Cluster(lambda element: self.jobs.launch(element), slots=slots, limits=limits)
        self._clock = kept_by(self.cluster)
        self._clock.__enter__()
        self.executor = ClusterExecutor(self.cluster, {"dispatch": {"mode": mode}})
        self.store = MortalStore(f"memory://{self.folder}", self.cluster.point)
        request = SubmitRequest(
            graph=_graph(flow),
            entry={"module": "engine_flow", "attribute": flow},
            parameters={},
            run_dir=self.folder,
            backends=Backends(self.executor, self.store),
            cwd=os.getcwd(),
        )
        made = create(request)
        self.paths, self.info = made.paths, made.info
        made.close()
        self.jobs = Jobs(load_run_here(self.paths.root), lambda token: advance_for(self.opened(), token))
        self.ledger = self.store.open_ledger(self.paths.root)
        self.hand_over_first()

    def hand_over_first(self) -> None:
        """Do what a submit does once the run is there."""
        self.command(lambda: hand_over(self.opened()))

    def opened(self) -> OpenRun:
        return OpenRun(self.paths, self.info, self.store, lambda: self.executor)

    def command(self, act: Callable[[], object]) -> None:
        """Type a command, which may be killed like everything else."""
        try:
            act()
        except Killed:
            self.is_alone = True
        except OutOfReach:
            pass
        self.is_alone |= any("no job will look at this run" in one for one in messages.told(self.paths))

    # What users do

    @rule()
    def look(self) -> None:
        self.command(lambda: settle(self.opened()))

    @rule()
    def advance(self) -> None:
        self.command(lambda: advance(self.opened(), wait=True))

    @rule(scopes=_SCOPE)
    def cancel(self, scopes: tuple[Scope, ...]) -> None:
        self.was_cancelled = True
        told: list[str] = []
        self.command(lambda: told.append(cancel(self.opened(), scopes)))
        if told and not scopes and not self.cluster.lag_s:
            self.nothing_is_queued()

    @rule(scopes=_SCOPE)
    def retry(self, scopes: tuple[Scope, ...]) -> None:
        with contextlib.suppress(UsageError):  # single instances are named, and nobody knows any yet
            self.command(lambda: retry(self.opened(), scopes))

    @rule(scopes=_SCOPE, kind=st.sampled_from(["cancel", "retry"]))
    def ask_while_something_is_submitted(self, scopes: tuple[Scope, ...], kind: str) -> None:
        self.was_cancelled |= kind == "cancel"

        def ask() -> None:
            if not self.ledger.overview().state.is_over:
                write_request(self.paths, kind, scopes or (Scope(),))
                leave_note(self.paths)

        self.cluster.meanwhile = ask

    @rule(seconds=st.sampled_from([0.15, 1.0, 5.0, 12.0, 70.0, 700.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        self.cluster.run_for(seconds)

    # What happens to them

    @rule(call=_CALL, times=st.integers(1, 3))
    def let_fail(self, call: tuple[str, int], times: int) -> None:
        engine_flow.FAILS[call] = times

    @rule(answers=st.lists(st.sampled_from(["", *ANSWERS[:-1]]), min_size=1, max_size=4))
    def answer(self, answers: list[str]) -> None:
        self.cluster.answers.extend(answers)

    @rule(which=_PICK, how=_ENDS)
    def end(self, which: int, how: tuple[JobState, bool]) -> None:
        if (element := self.picked(which)) is not None:
            self.is_alone |= "advance" in element.request.argv
            self.cluster.end(element, how[0], "as the test would have it", asked=how[1])

    @rule(which=_PICK)
    def requeue(self, which: int) -> None:
        element = self.picked(which)
        if element is not None and element.state is JobState.RUNNING:
            self.cluster.requeue(element)

    @rule(which=_PICK)
    def hold(self, which: int) -> None:
        if (element := self.picked(which)) is not None:
            element.is_held = not element.is_held

    @rule(which=_PICK)
    def forget(self, which: int) -> None:
        element = self.picked(which)
        if element is not None and all(
            e.state is JobState.PENDING for e in self.cluster.jobs[element.native_id]
        ):
            self.is_alone |= "advance" in element.request.argv
            self.cluster.vanish(element.native_id)

    @rule(seconds=st.sampled_from([0.0, 5.0, 300.0]))
    def forget_soon(self, seconds: float) -> None:
        self.cluster.forget_s = seconds

    @rule(seconds=st.sampled_from([20.0, 90.0]))
    def do_not_answer(self, seconds: float) -> None:
        self.cluster.deaf_until = self.cluster.now_s + seconds

    @rule(seconds=st.sampled_from([0.0, 3.0, 40.0]))
    def tell_late(self, seconds: float) -> None:
        self.cluster.lag_s = seconds

    @rule(calls=st.integers(0, 12))
    def kill_a_coordinator(self, calls: int) -> None:
        self.cluster.kill_after = calls

    def picked(self, which: int) -> Element | None:
        active = self.cluster.active
        return active[which % len(active)] if active else None

    # What must hold

    def rows(self) -> list[InstanceRow]:
        return [row for task in engine_flow.EXPECTED for row in self.ledger.instances(task)]

    def no_success_is_lost_and_each_has_the_right_value(self) -> None:
        """I1, I2, I8."""
        now = {(r.task, r.index): r.output for r in self.rows() if r.state in _SUCCESS}
        lost = {key for key, output in self.succeeded.items() if now.get(key) != output}
        assert not lost, f"{lost} had succeeded"
        self.succeeded = now
        for task, values in engine_flow.EXPECTED.items():
            for stored in self.ledger.values(task):
                assert stored.value.replace(" ", "") == values[stored.index]

    def nothing_runs_before_its_inputs(self) -> None:
        """I3."""
        states = {(row.task, row.index): row.state for row in self.rows()}
        for (task, index), state in states.items():
            if state in (InstanceState.SUBMITTED, *_SUCCESS):
                before = {"work": [("source", 0)], "then": [("work", index)], "total": _all("then")}
                for up in before.get(task, []):
                    assert states.get(up) in _SUCCESS, f"{task}[{index}] is {state.value}, {up} is not"

    def somebody_will_go_on(self) -> None:
        """I4: whatever is lost, a job is there that will look; else a look by hand makes one."""
        if self.is_alone or self.ledger.overview().state.is_over:
            return
        guards = [e for e in self.cluster.active if e.request.argv[3] == "advance"]
        assert guards, "nobody will ever look at this run"

    def every_job_is_known(self) -> None:
        """I5."""
        known = {row.token for row in self.ledger.submissions()}
        assert {element.request.token for element in self.cluster.active} <= known

    def nothing_is_queued(self) -> None:
        """I6, once a cancel has returned; what runs has been asked to end."""
        queued = [e.request.name for e in self.cluster.active if e.state is JobState.PENDING]
        assert not queued, f"{queued} were left by a cancel"

    def every_success_is_in_the_files(self) -> None:
        """I7: what the ledger says of outputs can be read from the run's files again."""
        written: set[tuple[str, int, bytes | None]] = set()
        for row in self.ledger.submissions():
            if row.task.startswith("@"):
                continue
            sub = self.paths.submission(row.token)
            for path in [sub.joined, *_files(sub.outcomes)]:
                if os.path.exists(path):
                    lines = read_segment(path)[0]
                    written |= {
                        (row.task, line.index, line.output) for line in lines if line.state == "succeeded"
                    }
        done = {(r.task, r.index, r.output) for r in self.rows() if r.state is InstanceState.SUCCEEDED}
        assert done <= written

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            try:
                self.come_to_an_end()
            finally:
                self._clock.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def come_to_an_end(self) -> None:
        """Without further faults the run gets over by itself, leaves no job behind, and a retry makes it whole."""
        cluster = self.cluster
        cluster.answers.clear()
        cluster.kill_after = cluster.meanwhile = None
        cluster.deaf_until = cluster.lag_s = 0.0
        for element in cluster.elements:
            element.is_held = False
        if self.is_alone:
            cluster.run_for(100.0)
            settle(self.opened())
        self.get_over()
        self.a_rebuilt_ledger_says_the_same()
        engine_flow.FAILS.clear()
        for _ in range(3):
            if self.ledger.overview().state is not RunState.SUCCEEDED:
                retry(self.opened())
                hand_over(self.opened())
                self.get_over()
        assert self.ledger.overview().state is RunState.SUCCEEDED
        assert all(row.state in _SUCCESS for row in self.rows())
        self.a_rebuilt_ledger_says_the_same()

    def a_rebuilt_ledger_says_the_same(self) -> None:
        """I7, once the run is over: what lies in its directory tells all that its ledger says.

        Of what was cancelled, and of what a retry took back of that, only the outputs are told for certain, and
        whose work they are is told of no run that went on from a rebuilt ledger.
        """

        def told() -> dict[tuple[str, int], object]:
            return {(r.task, r.index): (state_of(r), r.identity, r.output) for r in self.rows()}

        def state_of(row: InstanceRow) -> InstanceState:
            is_alike = self.was_cancelled and row.state in _SUCCESS
            return InstanceState.SUCCEEDED if is_alike else row.state

        def outputs() -> dict[tuple[str, int], bytes | None]:
            return {(r.task, r.index): r.output for r in self.rows() if r.state in _SUCCESS}

        before, made, state = told(), outputs(), self.ledger.overview().state
        done = rebuild_ledger(self.opened())
        if self.was_cancelled and state is not RunState.SUCCEEDED:
            again = outputs()
            assert all(again[key] == output for key, output in made.items() if key in again)
            self.succeeded = again  # the rest is found again once the run goes on
            if done.state is RunState.HELD:
                release(self.opened())
                hand_over(self.opened())
                self.get_over()
        else:
            assert (told(), done.state) == (before, state)

    def get_over(self) -> None:
        for _ in range(12):
            self.check()
            if self.ledger.overview().state.is_over and not self.cluster.active:
                return
            self.cluster.run_for(DAY_S / 4)
        states = [(row.task, row.index, row.state.value) for row in self.rows()]
        assert self.ledger.overview().state.is_over, f"the run never ends: {states}"
        raise AssertionError(f"jobs are left: {[e.request.name for e in self.cluster.active]}")

    @invariant()
    def what_must_hold(self) -> None:
        if hasattr(self, "ledger"):
            self.check()
            self.somebody_will_go_on()

    def check(self) -> None:
        self.no_success_is_lost_and_each_has_the_right_value()
        self.nothing_runs_before_its_inputs()
        self.every_job_is_known()
        self.every_success_is_in_the_files()


@cache
def _graph(flow: str) -> Graph:
    """A flow with its hashes, which are those of the whole of reflow where that is not installed but lies beside."""
    return engine_flow.FLOWS[flow].graph(hashes=True)


def _all(task: str) -> list[tuple[str, int]]:
    return [(task, index) for index in range(len(engine_flow.ITEMS))]


def _files(folder: str) -> list[str]:
    return [os.path.join(folder, name) for name in os.listdir(folder)] if os.path.isdir(folder) else []
