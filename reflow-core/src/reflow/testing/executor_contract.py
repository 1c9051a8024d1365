"""The promises of an executor, a test each; the evidence is what the functions and their workers wrote."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from reflow.contracts.executor import Event, Executor, ResidentExecutor
from reflow.model.resources import Resources
from reflow.rundir.layout import SubmissionPaths
from reflow.testing.contract import Contract
from reflow.testing.small_run import SmallRun, pump_until_ended

FLOW = """
@flow.array_job()
def mark(n: int, run_dir: RunDir) -> int:
    with open(run_dir / f"mark{n}", "x") as file:
        file.write(str(os.getpid()))
    return n

@flow.array_job()
def wait_for(n: int, name: str, run_dir: RunDir) -> int:
    open(run_dir / f"began{n}", "w").close()
    while not (run_dir / name).exists():
        time.sleep(0.005)
    return n

@flow.array_job()
def die(n: int, deadly: int, run_dir: RunDir) -> int:
    with open(run_dir / f"tries{n}", "a") as file:
        file.write("x")
    if n == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return n
"""


class ExecutorContract(Contract):
    """Promises of every executor. A subclass gives the fixture ``executor``: a new one, of 2 slots where it has some.

    Attributes:
        timeout_s: How long a test waits for what must happen.
        forgotten_id: A native id that nobody has.
        elements: Elements of a request of many instances.
    """

    timeout_s = 60.0
    forgotten_id = "999999999"
    elements = 2

    @pytest.fixture
    def executor(self) -> Executor:
        """Return a new executor."""
        raise NotImplementedError("give a fixture 'executor' that returns a new executor")

    @pytest.fixture
    def run(self, tmp_path: Path) -> SmallRun:
        """Return a run with tasks to try."""
        return SmallRun(tmp_path, FLOW)

    @pytest.fixture
    def opened(self, executor: Executor) -> Iterator[Executor]:
        """The executor, closed afterwards if it has to be."""
        yield executor
        if isinstance(executor, ResidentExecutor):
            executor.close()

    def test_every_instance_has_one_outcome(self, opened: Executor, run: SmallRun) -> None:
        sub = run.submission("mark", [{"n": n} for n in range(40)], pack=20)

        self.finish(opened, [opened.submit(run.request(sub, 40, self.elements))])

        ends = [line for line in run.outcomes(sub) if line.kind == "e"]
        assert sorted((end.index, end.state) for end in ends) == [(n, "succeeded") for n in range(40)]

    def test_find_knows_what_was_submitted_and_nothing_else(self, opened: Executor, run: SmallRun) -> None:
        sub = run.submission("mark", [{"n": 0}])
        native = opened.submit(run.request(sub, 1))

        assert opened.find([_token(sub), "f" * 20]) == {_token(sub): native}

    def test_poll_leaves_out_what_was_forgotten(self, opened: Executor) -> None:
        assert opened.poll([self.forgotten_id]) == {}

    def test_poll_answers_per_element(self, opened: Executor, run: SmallRun) -> None:
        sub = run.submission("mark", [{"n": n} for n in range(8)], pack=4)
        native = opened.submit(run.request(sub, 8, self.elements))

        self.finish(opened, [native])

        reports = opened.poll([native])[native]
        assert set(reports) <= set(range(self.elements))
        assert not any(report.state.is_active for report in reports.values())

    def test_two_requests_have_two_native_ids(self, opened: Executor, run: SmallRun) -> None:
        natives = {opened.submit(run.request(run.submission("mark", [{"n": n}]), 1)) for n in range(2)}

        assert len(natives) == 2

    def test_requests_that_are_submitted_at_once_each_have_their_own_answer(
        self, opened: Executor, run: SmallRun
    ) -> None:
        subs = [run.submission("mark", [{"n": n}]) for n in range(2)]
        opened.ask_ahead()
        answers = opened.submit_all([run.request(sub, 1) for sub in subs])
        natives = [answer for answer in answers if isinstance(answer, str)]

        assert len(set(natives)) == 2
        self.finish(opened, natives)
        assert [run.ends(sub)[0].state for sub in subs] == ["succeeded", "succeeded"]

    def test_cancelling_what_has_ended_changes_nothing(self, opened: Executor, run: SmallRun) -> None:
        sub = run.submission("mark", [{"n": 0}])
        native = opened.submit(run.request(sub, 1))
        self.finish(opened, [native])

        opened.cancel([native])

        assert run.ends(sub)[0].state == "succeeded"

    def test_predecessors_end_first(self, opened: Executor, run: SmallRun) -> None:
        first = run.submission("mark", [{"n": n} for n in range(20)], pack=10)
        second = run.submission("mark", [{"n": n + 100} for n in range(20)], pack=10)
        before = opened.submit(run.request(first, 20, self.elements))
        after = opened.submit(run.request(second, 20, self.elements, predecessors=[before]))

        self.finish(opened, [before, after])

        last = max(line.time for line in run.outcomes(first))
        assert min(line.time for line in run.outcomes(second)) >= last

    def finish(self, executor: Executor, natives: Sequence[str]) -> list[Event]:
        """Wait for the end of requests, and return what a resident executor told of them."""
        if isinstance(executor, ResidentExecutor):
            return pump_until_ended(executor, self._tokens(executor, natives), self.timeout_s)
        deadline = time.monotonic() + self.timeout_s
        while any(r.state.is_active for found in executor.poll(natives).values() for r in found.values()):
            assert time.monotonic() < deadline, f"did not end within {self.timeout_s} s"
            time.sleep(0.05)
        return []

    def _tokens(self, executor: Executor, natives: Sequence[str]) -> list[str]:
        candidates = [f"{number:020x}" for number in range(1, 10)]
        return [token for token, native in executor.find(candidates).items() if native in natives]


class ResidentExecutorContract(ExecutorContract):
    """Promises of a `ResidentExecutor`, those of every executor among them.

    Attributes:
        has_processes: Whether each worker is a process of its own, which can die and be interrupted.
    """

    has_processes = True

    @pytest.fixture
    def resident(self, opened: Executor) -> ResidentExecutor:
        """The executor."""
        assert isinstance(opened, ResidentExecutor)
        return opened

    @pytest.fixture
    def needs_processes(self) -> None:
        """Leave out what an executor without processes cannot do."""
        if not self.has_processes:
            pytest.skip("its workers are no processes")

    def test_empty_request_ends(self, resident: ResidentExecutor, run: SmallRun) -> None:
        sub = run.submission("mark", [])

        self._finish(resident, run, sub, 0)

        assert run.outcomes(sub) == []

    def test_events_name_every_segment(self, resident: ResidentExecutor, run: SmallRun) -> None:
        sub = run.submission("mark", [{"n": n} for n in range(5)])

        events = self._finish(resident, run, sub, 5)

        named = [name for event in events if event.kind == "sealed" for name in event.segments]
        assert sorted(named) == sorted(name for name in os.listdir(sub.outcomes) if name.endswith(".jsonl"))

    def test_end_of_a_request_is_told_once_and_last(self, resident: ResidentExecutor, run: SmallRun) -> None:
        sub = run.submission("mark", [{"n": n} for n in range(5)])

        events = self._finish(resident, run, sub, 5)

        assert [event.kind for event in events if event.element < 0] == ["ended"]
        assert events[-1].kind == "ended"

    def test_no_worker_is_an_element_that_the_request_does_not_have(
        self, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        sub = run.submission("mark", [{"n": n} for n in range(30)])

        events = self._finish(resident, run, sub, 30, elements=1)

        assert {event.element for event in events} <= {0, -1}

    def test_pump_returns_at_once_when_there_is_nothing_to_wait_for(self, resident: ResidentExecutor) -> None:
        began = time.monotonic()

        assert resident.pump(20.0) == []
        assert time.monotonic() - began < 10.0

    def test_requests_do_not_wait_for_each_other(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        slow = run.submission("wait_for", [{"n": 0, "name": "mark1"}])
        fast = run.submission("mark", [{"n": 1}])
        resident.submit(run.request(slow, 1, elements=1))
        resident.submit(run.request(fast, 1))

        pump_until_ended(resident, [_token(slow), _token(fast)], self.timeout_s)

        assert run.ends(slow)[0].state == "succeeded"

    def test_cancelled_request_ends_and_starts_nothing_more(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        from reflow.rundir.control import Scope, write_request

        sub = run.submission("wait_for", [{"n": n, "name": "never"} for n in range(6)])
        native = resident.submit(run.request(sub, 6))
        self._pump_until(resident, lambda: bool(list((run.folder / "runs").glob("began*"))))
        write_request(run.paths, "cancel", (Scope(),))
        resident.cancel([native])

        pump_until_ended(resident, [_token(sub)], self.timeout_s)

        assert {end.state for end in run.ends(sub).values()} == {"cancelled"}
        assert len(list((run.folder / "runs").glob("began*"))) <= 2

    def test_single_positions_are_cancelled_and_the_rest_goes_on(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        from reflow.rundir.control import Scope, write_request

        names = ["never", "go", "go", "never"]
        sub = run.submission("wait_for", [{"n": n, "name": name} for n, name in enumerate(names)])
        resident.submit(run.request(sub, 4))
        self._pump_until(resident, lambda: bool(list((run.folder / "runs").glob("began*"))))
        write_request(run.paths, "cancel", (Scope("wait_for", frozenset((0, 3))),))
        resident.cancel_positions(_token(sub), [0, 3])
        (run.folder / "runs" / "go").touch()

        pump_until_ended(resident, [_token(sub)], self.timeout_s)

        ends = {index: end.state for index, end in run.ends(sub).items()}
        assert {index: state for index, state in ends.items() if state == "succeeded"} == {
            1: "succeeded",
            2: "succeeded",
        }

    def test_single_positions_of_others_end_first(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        names = ["a", "b"]
        first = run.submission("wait_for", [{"n": n, "name": name} for n, name in enumerate(names)])
        native = resident.submit(run.request(first, 2))
        began = (run.folder / "runs").glob
        self._pump_until(resident, lambda: len(list(began("began*"))) == 2)
        (run.folder / "runs" / "a").touch()
        second = run.submission("mark", [{"n": 2}])
        resident.submit(run.request(second, 1, elements_ahead=[(native, 1)]))
        self._pump_until(resident, lambda: 0 in run.ends(first))
        resident.pump(0.5)
        (run.folder / "runs" / "b").touch()

        pump_until_ended(resident, [_token(first), _token(second)], self.timeout_s)

        (begun, _) = run.outcomes(second)
        assert begun.time >= run.ends(first)[1].time

    def test_death_costs_the_current_instance_and_no_other(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        sub = run.submission("die", [{"n": n} for n in range(12)], {"deadly": 4})
        resident.submit(run.request(sub, 12))

        events = pump_until_ended(resident, [_token(sub)], self.timeout_s)

        (died,) = [event for event in events if event.kind == "died"]
        assert "9" in died.reason
        part = f"{died.element}.{died.start}.part"
        ended = {line.index for line in run.outcomes(sub, [part]) if line.kind == "e"}
        assert ended == set(range(12)) - {4}
        tries = {path.name: path.read_text() for path in (run.folder / "runs").glob("tries*")}
        assert set(tries.values()) == {"x"}

    def test_abandoned_element_gives_up_what_it_held(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        sub = run.submission("die", [{"n": 0}], {"deadly": 0})
        resident.submit(run.request(sub, 1))
        kinds: list[str] = []
        self._pump_until(resident, lambda: "died" in kinds, kinds)
        resident.abandon(_token(sub), 0)
        self._pump_until(resident, lambda: "ended" in kinds, kinds)

        assert (run.folder / "runs" / "tries0").read_text() == "x"

    def test_warm_workers_are_those_that_work(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        log = os.path.join(run.paths.logs, "warm.log")
        resident.warm_up(run.serve_argv, str(run.folder), log, 2)
        sub = run.submission("mark", [{"n": n} for n in range(4)])

        self._finish(resident, run, sub, 4)

        assert sorted(run.ends(sub)) == [0, 1, 2, 3]

    def test_wide_task_runs_alone(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        sub = run.submission("mark", [{"n": n} for n in range(6)])

        self._finish(resident, run, sub, 6, resources=Resources(cpus=99))

        assert len({path.read_text() for path in (run.folder / "runs").glob("mark*")}) == 1

    def test_nothing_is_left_after_close(
        self, needs_processes: None, resident: ResidentExecutor, run: SmallRun
    ) -> None:
        sub = run.submission("wait_for", [{"n": 0, "name": "never"}])
        resident.submit(run.request(sub, 1))
        self._pump_until(resident, lambda: (run.folder / "runs" / "began0").exists())

        resident.close()

        assert run.ends(sub)[0].state == "interrupted"

    def _finish(
        self,
        executor: ResidentExecutor,
        run: SmallRun,
        sub: SubmissionPaths,
        instances: int,
        elements: int = 2,
        resources: Resources | None = None,
    ) -> list[Event]:
        request = run.request(sub, instances, elements, resources=resources or Resources())
        executor.submit(request)
        return pump_until_ended(executor, [request.token], self.timeout_s)

    def _pump_until(
        self, executor: ResidentExecutor, holds: Callable[[], bool], kinds: list[str] | None = None
    ) -> None:
        deadline = time.monotonic() + self.timeout_s
        seen = [] if kinds is None else kinds
        while not holds():
            assert time.monotonic() < deadline, f"did not happen within {self.timeout_s} s"
            seen += [event.kind for event in executor.pump(0.05)]


def _token(sub: SubmissionPaths) -> str:
    return os.path.basename(sub.directory)
