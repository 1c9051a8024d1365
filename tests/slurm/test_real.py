"""What real Slurm daemons do, and what the executor makes of it."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reflow.plugin import JobState, NotSubmitted, Resources, SchedulerError, SubmissionUnknown
from reflow.testing.small_run import SmallRun
from reflow_slurm import SlurmExecutor
from reflow_slurm.native import parse_native_id
from reflow_slurm.parse import read_log

pytestmark = pytest.mark.slow

WAIT = "open(f'began{number}', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.05)"
ODD = [
    "a b",
    "a'b",
    'a"b',
    "$(touch pwned)",
    "é\u202e",
    "a;b",
    "a%jb",
    "a\\b",
    "a\nb",
    "-rf",
    "#SBATCH --wait",
    "x" * 200,
]

INNER = "import os; open('inner', 'w').write(repr({k: v for k, v in os.environ.items() if 'SLURM' in k}))"
NESTED = f"""
from reflow.plugin import JobRequest, Resources
from reflow_slurm import SlurmExecutor
argv = [sys.executable, "-I", "-S", "-c", {INNER!r}]
here = os.getcwd()
made = JobRequest("flow.inner.x", argv, [], 1, 1, Resources(cpus=2), here + "/logs", "b" * 20, here, here)
open("native", "w").write(SlurmExecutor().submit(made))
"""


def on(node: str, **asked) -> Resources:
    """Return resources on one node."""
    return Resources(submit_options=(f"--nodelist={node}",), **asked)


NAMED = "open(f'job{number}', 'w').write(os.environ['SLURM_JOB_ID'])\n" + WAIT


def job_of(native: str) -> str:
    """Return the number of an array job."""
    return native.partition(";")[0]


@pytest.mark.parametrize("kind", ["slurm", "bare_slurm"])
def test_worker_finds_its_element_and_its_run(request, kind, tmp_path, rig):
    executor = request.getfixturevalue(kind)
    flow = "\n@flow.array_job()\ndef double(n: int) -> int:\n    return 2 * n\n"
    run = SmallRun(tmp_path, flow)
    sub = run.submission("double", [{"n": n} for n in range(4)])
    native = executor.submit(run.request(sub, 4, elements=4)._replace(name="small.double.x"))

    rig.wait_for_end(executor, [native])
    assert {n: end.value for n, end in run.ends(sub).items()} == {0: "0", 1: "2", 2: "4", 3: "6"}


def test_directories_of_any_name_will_do(slurm, make_request, rig, tmp_path):
    natives = []
    for name in ODD:
        (tmp_path / name).mkdir()
        made = make_request("open('here', 'w').write(sys.argv[-1])", cwd=str(tmp_path / name))
        natives.append(slurm.submit(made._replace(argv=[*made.argv, str(tmp_path / name)])))

    rig.wait_for_end(slurm, natives)
    assert [(tmp_path / name / "here").read_text() for name in ODD] == [str(tmp_path / name) for name in ODD]
    assert not list(tmp_path.rglob("pwned"))


def test_parameters_are_public_nowhere(slurm, accounted, make_request, rig):
    native = slurm.submit(make_request("time.sleep(1)  # canary"))
    shown = accounted.run("scontrol", "show", "job", "-d", job_of(native)) + accounted.run(
        "squeue", "-o", "%all"
    )
    rig.wait_for_end(slurm, [native])
    shown += accounted.run("sacct", "-P", "-j", job_of(native), "-o", "SubmitLine,JobName,Comment,WorkDir")

    assert "reflow:" in shown
    assert "canary" not in shown


def test_job_inside_a_job_has_nothing_of_the_outer_one(slurm, accounted, make_request, rig, tmp_path):
    made = make_request(NESTED, resources=Resources(mem_mib=3000))
    outer = slurm.submit(made._replace(argv=[sys.executable, "-I", *made.argv[3:]]))
    rig.wait_for_end(slurm, [outer])
    native = (tmp_path / "native").read_text()
    rig.wait_for_end(slurm, [native])

    seen = eval((tmp_path / "inner").read_text())
    assert native.split(";")[1] == "test"
    assert seen["SLURM_ARRAY_JOB_ID"] == job_of(native)
    assert seen["SLURM_CPUS_PER_TASK"] == "2"
    assert "3000" not in seen.values()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"partition": "nowhere"}, "Invalid partition name specified"),
        ({"account": "nobody"}, "Invalid account"),
        ({"mem_mib": 10**6}, "Requested node configuration is not available"),
        ({"gpus": 3}, "gres"),
        ({"submit_options": ("--frobnicate",)}, "unrecognized option"),
        ({"submit_options": ("--constraint=skylake",)}, "Invalid feature specification"),
    ],
    ids=str,
)
def test_refusal_is_told_in_sbatchs_words(slurm, make_request, asked, words):
    with pytest.raises(NotSubmitted, match=words) as caught:
        slurm.submit(make_request(resources=Resources(**asked)))
    assert not caught.value.transient


def test_array_may_be_as_wide_as_the_limits_say(slurm, make_request):
    widest = slurm.limits().elements_per_request
    native = slurm.submit(make_request(count=widest, begin_s=3600))
    slurm.cancel([native])

    assert widest == 51
    with pytest.raises(NotSubmitted, match="Invalid job array specification"):
        slurm.submit(make_request(count=widest + 1))


def test_users_submit_limit_is_known_and_is_tried_again_later(slurm, accounted, make_request, rig):
    accounted.run("sacctmgr", "-i", "modify", "user", "root", "set", "MaxSubmitJobs=40")
    try:
        rig.until(lambda: SlurmExecutor().limits().elements_in_all == 40)
        native = slurm.submit(make_request(count=30, begin_s=3600))
        with pytest.raises(NotSubmitted, match="AssocMaxSubmitJobLimit") as caught:
            slurm.submit(make_request(count=20))
        assert caught.value.transient
        slurm.cancel([native])
    finally:
        accounted.run("sacctmgr", "-i", "modify", "user", "root", "set", "MaxSubmitJobs=-1")
    rig.until(lambda: SlurmExecutor().limits().elements_in_all == 100000)


def test_requeued_element_waits_again_under_the_same_id(slurm, accounted, make_request, rig, tmp_path):
    native = slurm.submit(make_request(WAIT, resources=Resources(requeue=True)))
    rig.until(lambda: (tmp_path / "began0").exists())
    accounted.run("scontrol", "requeue", f"{job_of(native)}_0")

    rig.until(lambda: slurm.poll([native])[native][0].state is JobState.PENDING)
    rig.until(lambda: slurm.poll([native])[native][0].reason.startswith("BeginTime"))
    slurm.cancel([native])
    assert rig.wait_for_end(slurm, [native])[native][0].state is JobState.CANCELLED


def test_held_element_waits_and_names_the_command(slurm, accounted, make_request):
    native = slurm.submit(make_request(begin_s=3600))
    accounted.run("scontrol", "hold", job_of(native))

    report = slurm.poll([native])[native][0]
    assert report.state is JobState.PENDING
    assert f"scontrol release {job_of(native)}_0" in report.reason
    slurm.cancel([native])


def test_partition_that_is_down_is_told(slurm, accounted, make_request, rig):
    accounted.run("scontrol", "update", "PartitionName=debug", "State=DOWN")
    native = slurm.submit(make_request(resources=Resources(partition="debug")))
    try:
        rig.until(lambda: "partition is down" in slurm.poll([native])[native][0].reason)
    finally:
        slurm.cancel([native])
        accounted.run("scontrol", "update", "PartitionName=debug", "State=UP")


def test_node_that_fails_is_told(slurm, accounted, make_request, rig, tmp_path):
    native = slurm.submit(make_request(WAIT, resources=on("n4")))
    rig.until(lambda: (tmp_path / "began0").exists())
    accounted.run("scontrol", "update", "NodeName=n4", "State=DOWN", "Reason=test")
    try:
        report = rig.wait_for_end(slurm, [native])[native][0]
        assert report.state is JobState.NODE_FAIL
        assert "n4" in report.reason
    finally:
        rig.until(lambda: accounted.revive("n4"))


def test_preempted_element_is_told(slurm, make_request, rig, tmp_path):
    native = slurm.submit(make_request(WAIT, resources=on("n3", cpus=8)))
    rig.until(lambda: (tmp_path / "began0").exists())
    urgent = slurm.submit(make_request(resources=on("n3", cpus=8, partition="urgent")))

    reports = rig.wait_for_end(slurm, [native, urgent], 60.0)
    assert reports[native][0].state is JobState.PREEMPTED
    assert reports[urgent][0].state is JobState.COMPLETED


def test_element_that_takes_too_much_memory_is_killed_and_its_log_says_why(slurm, make_request, rig):
    request = make_request("x = b'x' * 400_000_000; time.sleep(60)", resources=Resources(mem_mib=60))
    native = slurm.submit(request)

    report = rig.wait_for_end(slurm, [native])[native][0]
    assert report.state is JobState.FAILED
    assert "memory" in report.reason
    log = Path(request.log_dir, f"{request.token}.0.log").read_text()
    assert read_log(log).state is JobState.OUT_OF_MEMORY


def test_log_that_cannot_be_opened_is_told(slurm, make_request, rig):
    native = slurm.submit(make_request()._replace(log_dir="/proc/nowhere"))

    assert "log could not be opened" in rig.wait_for_end(slurm, [native])[native][0].reason


def test_end_by_somebody_else_is_told(slurm, accounted, make_request, rig, tmp_path):
    native = slurm.submit(make_request(WAIT, count=3))
    rig.until(lambda: len(list(tmp_path.glob("began*"))) == 3)
    accounted.run("scancel", f"{job_of(native)}_1")
    rig.until(lambda: not slurm.poll([native])[native][1].state.is_active)
    (tmp_path / "go").touch()

    reports = rig.wait_for_end(slurm, [native])[native]
    assert [reports[n].state for n in range(3)] == [
        JobState.COMPLETED,
        JobState.CANCELLED,
        JobState.COMPLETED,
    ]


def test_single_elements_are_cancelled_running_and_waiting(slurm, make_request, rig, tmp_path):
    native = slurm.submit(make_request(WAIT, count=4, resources=Resources(array_parallelism=2)))
    rig.until(lambda: len(list(tmp_path.glob("began*"))) == 2)
    slurm.cancel_elements(native, [1, 3])
    (tmp_path / "go").touch()

    reports = rig.wait_for_end(slurm, [native])[native]
    assert [reports[n].state for n in range(3)] == [
        JobState.COMPLETED,
        JobState.CANCELLED,
        JobState.COMPLETED,
    ]
    assert 3 not in reports  # Slurm forgets at once what had not begun
    assert not (tmp_path / "began3").exists()


def test_last_element_is_not_taken_for_the_array(slurm, make_request, rig, tmp_path):
    native = slurm.submit(make_request(WAIT, count=3))
    rig.until(lambda: len(list(tmp_path.glob("began*"))) == 3)
    slurm.cancel_elements(native, [2])
    (tmp_path / "go").touch()

    reports = rig.wait_for_end(slurm, [native])[native]
    assert [reports[n].state for n in range(3)] == [
        JobState.COMPLETED,
        JobState.COMPLETED,
        JobState.CANCELLED,
    ]


def test_job_of_somebody_else_is_never_found_nor_cancelled(bare_slurm, bare):
    token = os.urandom(10).hex()
    options = [
        f"--comment=reflow:{token}",
        f"--job-name=flow.task.{token[:10]}",
        "--array=0-0",
        "--uid=nobody",
        "--hold",
    ]
    job = bare.run(
        "sbatch", "--parsable", *options, "--chdir=/", "-o", "/dev/null", "--wrap", "sleep 60"
    ).strip()
    native = f"{job};bare;{token};1"

    bare_slurm.cancel([native])

    assert bare_slurm.find([token]) == {}
    assert bare_slurm.poll([native]) == {}
    assert bare.run("squeue", "-h", "-j", job, "-o", "%T").strip() == "PENDING"
    bare.run("scancel", job)


def test_job_that_only_has_the_number_is_left_alone(slurm, make_request):
    native = slurm.submit(make_request(begin_s=3600))
    stranger = parse_native_id(native)._replace(token="e" * 20).text()

    slurm.cancel([stranger])

    assert slurm.poll([stranger]) == {}
    assert slurm.poll([native])[native][0].state is JobState.PENDING
    slurm.cancel([native])


def test_question_about_a_job_of_an_unknown_cluster_is_no_answer(slurm):
    with pytest.raises(SchedulerError):
        slurm.poll([f"1;elsewhere;{'a' * 20};1"])


# Lost replies, stopped daemons ----------------------------------------------------------------------------


class Proxy:
    """Stands between clients and a controller, and loses what it is told to lose.

    Attributes:
        mode: ``pass``; ``drop`` keeps replies for itself; ``reset`` breaks the connection instead of a reply.
    """

    def __init__(self, port: int) -> None:
        self.mode = "pass"
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client, self.mode), daemon=True).start()

    def _handle(self, client: socket.socket, mode: str) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            threading.Thread(target=_pump, args=(client, server.sendall), daemon=True).start()
            if mode == "pass":
                _pump(server, client.sendall)
            else:
                server.recv(65536)
                _keep_quiet(client, mode)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()


def _pump(source: socket.socket, give: Callable[[bytes], object]) -> None:
    try:
        while data := source.recv(65536):
            give(data)
    except OSError:
        pass


def _keep_quiet(client: socket.socket, mode: str) -> None:
    if mode == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        threading.Event().wait(15.0)


@pytest.fixture
def proxy(bare, tmp_path, monkeypatch) -> Iterator[Proxy]:
    """A proxy in front of the controller without accounting; SLURM_CONF names it."""
    text = Path(bare.conf).read_text()
    (port,) = [line.partition("=")[2] for line in text.splitlines() if line.startswith("SlurmctldPort=")]
    proxy = Proxy(int(port))
    conf = tmp_path / "slurm.conf"
    conf.write_text(text.replace(f"SlurmctldPort={port}", f"SlurmctldPort={proxy.port}"))
    monkeypatch.setenv("SLURM_CONF", str(conf))
    yield proxy
    proxy.close()


@pytest.mark.parametrize("mode", ["reset", "drop"])
def test_submission_whose_reply_was_lost_is_found_and_runs_once(proxy, make_request, rig, mode):
    executor = SlurmExecutor()
    assert executor.available() is None
    request = make_request("open(f'ran{number}', 'x').close()", count=2)
    proxy.mode = mode

    with pytest.raises(SubmissionUnknown):
        executor.submit(request)
    proxy.mode = "pass"

    native = executor.find([request.token])[request.token]
    reports = rig.wait_for_end(executor, [native])[native]
    assert [reports[n].state for n in range(2)] == [JobState.COMPLETED] * 2


def test_question_whose_reply_was_lost_is_no_answer(proxy, make_request):
    executor = SlurmExecutor()
    native = executor.submit(make_request())
    proxy.mode = "reset"

    with pytest.raises(SchedulerError):
        executor.poll([native])


def test_controller_that_is_stopped_is_told_and_comes_back(bare_slurm, bare, make_request, rig):
    native = bare_slurm.submit(make_request("time.sleep(2)"))
    bare.daemon("stop", "slurmctld")  # killed, it could forget what it took in its last five seconds
    try:
        with ThreadPoolExecutor() as pool:
            unavailable = pool.submit(SlurmExecutor().available)
            refused = pool.submit(bare_slurm.submit, make_request())
            unanswered = pool.submit(bare_slurm.poll, [native])
    finally:
        bare.daemon("start", "slurmctld")

    assert "no answer" in str(unavailable.result())
    assert isinstance(refused.exception(), NotSubmitted)
    assert refused.exception().transient
    assert isinstance(unanswered.exception(), SchedulerError)
    assert rig.wait_for_end(bare_slurm, [native])[native][0].state is JobState.COMPLETED


def test_accounting_that_is_stopped_changes_nothing(slurm, accounted, make_request, rig):
    accounted.daemon("stop", "slurmdbd")
    try:
        request = make_request("sys.exit(number)", count=2)
        native = slurm.submit(request)
        assert slurm.find([request.token, "f" * 20]) == {request.token: native}
        assert rig.wait_for_end(slurm, [native])[native][1].reason.endswith("exit status 1")
        assert slurm.poll([f"999999;test;{'a' * 20};1"]) == {}
    finally:
        accounted.daemon("start", "slurmdbd")


# What takes long, and was begun before --------------------------------------------------------------------


def test_without_accounting_what_was_forgotten_is_left_out(bare_slurm, bare, make_request, rig):
    native = bare_slurm.submit(make_request())
    rig.wait_for_end(bare_slurm, [native])

    rig.until(lambda: not bare.run("squeue", "-h", "-t", "all", "-o", "%F").split())
    assert bare_slurm.poll([native]) == {}


def test_with_accounting_the_end_of_what_was_forgotten_is_known(slurm, accounted, early, rig):
    native = early["mixed"]
    listed = ("squeue", "-h", "-t", "all", "-o", "%F")
    rig.until(lambda: job_of(native) not in accounted.run(*listed).split())

    reports = slurm.poll([native])[native]
    assert [reports[n].state for n in range(3)] == [JobState.COMPLETED, JobState.COMPLETED, JobState.FAILED]
    assert reports[2].reason.endswith("ended with exit status 5")


def test_element_that_takes_too_long_is_told(slurm, early, rig):
    report = rig.wait_for_end(slurm, [early["too long"]], 120.0)[early["too long"]][0]

    assert report.state is JobState.TIMEOUT
    assert "time limit" in report.reason


@pytest.mark.parametrize("cluster", ["slurm", "bare_slurm"])
def test_job_is_over_by_the_number_that_its_processes_know(request, make_request, rig, tmp_path, cluster):
    executor = request.getfixturevalue(cluster)
    native = executor.submit(make_request(NAMED, 3))
    rig.until(lambda: all((tmp_path / f"began{number}").exists() for number in range(3)))
    jobs = [(tmp_path / f"job{number}").read_text() for number in range(3)]
    alive = [executor.is_over(job) for job in jobs]
    (tmp_path / "go").touch()
    rig.wait_for_end(executor, [native])

    assert len(set(jobs)) == 3
    assert alive == [False] * 3
    rig.until(lambda: all(executor.is_over(job) for job in jobs))
    assert executor.is_over("99999999")
