"""The promises of an executor whose requests are batch jobs, a test each; the evidence is what their elements wrote.

The Slurm executor keeps them on real clusters, with and without accounting, and on the stand-in.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reflow.plugin import Executor, JobState, Resources
from reflow.testing.contract import Contract

FOREIGN = "f" * 20

MARK = "open(f'mark{number}', 'x').close()"
WAIT = "open(f'began{number}', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.02)"

CROWD = """
open(f'in{number}', 'w').close()
time.sleep(0.2)
print(len([name for name in os.listdir('.') if name.startswith('in')]))
os.unlink(f'in{number}')
"""


class BatchExecutorContract(Contract):
    """Promises of an `Executor` that is not resident. A subclass gives the fixture ``executor``.

    Attributes:
        forgotten: A native id of the right form that no request has.
    """

    forgotten = ""

    @pytest.fixture
    def executor(self) -> Executor:
        """Return an executor."""
        raise NotImplementedError("give a fixture 'executor' that returns an executor")

    def test_is_available(self, executor):
        assert executor.available() is None

    def test_every_element_runs_once_and_knows_its_number(self, executor, make_request, rig, tmp_path):
        native = executor.submit(make_request(MARK, count=7))

        reports = rig.wait_for_end(executor, [native])[native]
        assert {element: report.state for element, report in reports.items()} == dict.fromkeys(
            range(7), JobState.COMPLETED
        )
        assert sorted(path.name for path in tmp_path.glob("mark*")) == [f"mark{n}" for n in range(7)]

    def test_single_element_is_number_0(self, executor, make_request, rig, tmp_path):
        native = executor.submit(make_request(MARK))

        assert list(rig.wait_for_end(executor, [native])[native]) == [0]
        assert (tmp_path / "mark0").exists()

    def test_starts_in_the_directory_that_it_was_submitted_from(
        self, executor, make_request, rig, tmp_path, monkeypatch
    ):
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        native = executor.submit(make_request("open('where', 'w').write(os.getcwd())"))

        rig.wait_for_end(executor, [native])
        assert (tmp_path / "where").read_text() == str(tmp_path)

    def test_each_element_logs_to_a_file_of_its_own(self, executor, make_request, rig):
        request = make_request("print('said by', number, file=sys.stderr)", count=2)
        native = executor.submit(request)
        rig.wait_for_end(executor, [native])

        logs = [Path(request.log_dir, f"{request.token}.{element}.log") for element in range(2)]
        assert [log.read_text() for log in logs] == ["said by 0\n", "said by 1\n"]
        assert {log.stat().st_mode & 0o777 for log in logs} == {0o600}

    def test_failure_is_told_per_element_with_words(self, executor, make_request, rig):
        native = executor.submit(make_request("sys.exit(3 * (number == 1))", count=3))

        reports = rig.wait_for_end(executor, [native])[native]
        assert [reports[n].state for n in range(3)] == [
            JobState.COMPLETED,
            JobState.FAILED,
            JobState.COMPLETED,
        ]
        assert "exit status 3" in reports[1].reason

    def test_element_that_is_killed_has_failed(self, executor, make_request, rig):
        native = executor.submit(make_request("os.kill(os.getpid(), 11)"))

        report = rig.wait_for_end(executor, [native])[native][0]
        assert report.state is JobState.FAILED
        assert "SIGSEGV" in report.reason

    def test_find_knows_what_was_submitted_and_nothing_else(self, executor, make_request, tmp_path, rig):
        request = make_request(WAIT, count=3)
        native = executor.submit(request)

        assert executor.find([FOREIGN, request.token]) == {request.token: native}
        (tmp_path / "go").touch()
        rig.wait_for_end(executor, [native])

    def test_find_knows_what_has_ended(self, executor, make_request, rig):
        request = make_request()
        native = executor.submit(request)
        rig.wait_for_end(executor, [native])

        assert executor.find([request.token]) == {request.token: native}

    def test_forgotten_request_is_left_out(self, executor):
        assert executor.poll([self.forgotten]) == {}

    def test_questions_about_nothing_have_answers(self, executor):
        assert executor.find([]) == {}
        assert executor.poll([]) == {}
        executor.cancel([])

    def test_predecessors_end_first_however_they_end(self, executor, make_request, rig):
        slow = "time.sleep(0.5); open(f'first{number}', 'w').close(); sys.exit(1)"
        first = executor.submit(make_request(slow, count=2))
        second = executor.submit(make_request("open('first0'); open('first1')", predecessors=[first]))

        reports = rig.wait_for_end(executor, [first, second])
        assert reports[first][0].state is JobState.FAILED
        assert reports[second][0].state is JobState.COMPLETED

    def test_single_elements_end_first_and_their_siblings_need_not(self, executor, make_request, rig):
        first_ends = "time.sleep(1.5); open('first0', 'w').close()"
        text = f"if number: time.sleep(600)\n{first_ends}"
        first = executor.submit(make_request(text, count=2))
        second = executor.submit(make_request("open('first0')", elements_ahead=[(first, 0)]))

        reports = rig.wait_for_end(executor, [second])
        assert reports[second][0].state is JobState.COMPLETED
        assert executor.poll([first])[first][1].state.is_active
        executor.cancel([first])

    def test_nothing_starts_before_its_time(self, executor, make_request, rig, tmp_path):
        later = executor.submit(make_request(MARK, begin_s=600))
        now = executor.submit(make_request("pass"))
        rig.wait_for_end(executor, [now])

        assert executor.poll([later])[later][0].state is JobState.PENDING
        assert not (tmp_path / "mark0").exists()
        executor.cancel([later])

    def test_no_more_than_so_many_run_at_once(self, executor, make_request, rig):
        request = make_request(CROWD, count=4, resources=Resources(array_parallelism=1))
        native = executor.submit(request)
        rig.wait_for_end(executor, [native])

        logs = sorted(Path(request.log_dir).glob(f"{request.token}.*"))
        assert [log.read_text() for log in logs] == ["1\n"] * 4

    def test_cancelled_request_ends_and_starts_nothing_more(self, executor, make_request, rig, tmp_path):
        request = make_request(WAIT, count=6, resources=Resources(array_parallelism=2))
        native = executor.submit(request)
        rig.until(lambda: len(list(tmp_path.glob("began*"))) == 2)

        executor.cancel([native])

        reports = rig.wait_for_end(executor, [native])[native]
        assert {report.state for report in reports.values()} == {JobState.CANCELLED}
        assert len(list(tmp_path.glob("began*"))) == 2

    def test_cancelled_element_is_told_before_it_is_killed(self, executor, make_request, rig, tmp_path):
        handler = "import signal; signal.signal(15, lambda *_: (open('told', 'w').close(), os._exit(0)))\n"
        native = executor.submit(make_request(handler + WAIT))
        rig.until(lambda: (tmp_path / "began0").exists())

        executor.cancel([native])

        rig.wait_for_end(executor, [native])
        assert (tmp_path / "told").exists()

    def test_cancel_leaves_other_requests_alone(self, executor, make_request, rig, tmp_path):
        kept, ended = executor.submit(make_request(WAIT)), executor.submit(make_request(WAIT, count=2))
        executor.cancel([ended])
        rig.wait_for_end(executor, [ended])

        (tmp_path / "go").touch()

        assert rig.wait_for_end(executor, [kept])[kept][0].state is JobState.COMPLETED

    def test_cancelling_what_has_ended_changes_nothing(self, executor, make_request, rig):
        native = executor.submit(make_request())
        rig.wait_for_end(executor, [native])

        executor.cancel([native, self.forgotten])

        assert executor.poll([native])[native][0].state is JobState.COMPLETED

    def test_any_executor_object_can_ask(self, executor, make_request, rig):
        request = make_request()
        native = executor.submit(request)
        other = type(executor)(executor.options)

        assert other.find([request.token]) == {request.token: native}
        assert rig.wait_for_end(other, [native])[native][0].state is JobState.COMPLETED

    def test_render_submits_nothing(self, executor, make_request):
        request = make_request()

        assert os.path.basename(request.argv[0]) in executor.render(request)
        assert executor.find([request.token]) == {}


class TestStandIn(BatchExecutorContract):
    forgotten = f"999999;standin;{FOREIGN};1"

    @pytest.fixture
    def executor(self, fake_slurm):
        return fake_slurm


@pytest.mark.slow
class TestSlurmWithAccounting(BatchExecutorContract):
    forgotten = f"999999;test;{FOREIGN};1"

    @pytest.fixture
    def executor(self, slurm):
        return slurm


@pytest.mark.slow
class TestSlurmWithoutAccounting(BatchExecutorContract):
    forgotten = f"999999;bare;{FOREIGN};1"

    @pytest.fixture
    def executor(self, bare_slurm):
        return bare_slurm
