"""Clusters to try the Slurm executor on: real ones, brought up once, and a stand-in for speed and faults."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reflow.plugin import ElementReport, Executor, JobRequest, Resources
from reflow_slurm import SlurmExecutor

HERE = Path(__file__).parent
sys.path += [
    str(HERE),
    str(HERE.parent / "flows"),
]  # for modules that tests share, flows of any shape among them

from cluster_runs import User  # noqa: E402 - found by the lines above
from watched import until  # noqa: E402 - likewise

CANNOT = 3  #: exit status of the script that brings clusters up, where it cannot
UP_S = 300.0  #: with the installation of the packages
FAST = ["--conf", "KillWait=5", "--conf", "MessageTimeout=5", "--conf", "MinJobAge=10"]
NOT_HERE = pytest.StashKey[str]()


# Real clusters --------------------------------------------------------------------------------------------


class RealCluster:
    """A private Slurm cluster; it ends with this process at the latest."""

    def __init__(self, *flags: str) -> None:
        owner = ("--while-pid", str(os.getpid()))
        done = self._script("up", *FAST, *owner, *flags)
        if done.returncode == CANNOT:
            raise LookupError(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        self.conf = done.stdout.strip().removeprefix("export SLURM_CONF=")
        self.folder = os.path.dirname(self.conf)

    def _script(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(HERE / "cluster"), *arguments],
            capture_output=True,
            text=True,
            timeout=UP_S,
            check=False,
        )

    def daemon(self, command: str, *arguments: str) -> None:
        """Stop or start a daemon."""
        done = self._script(command, *arguments, "--dir", self.folder)
        assert done.returncode == 0, done.stderr

    def run(self, *argv: str, **environment: str) -> str:
        """Return what a command of Slurm's says."""
        done = subprocess.run(
            argv,
            env={**os.environ, "SLURM_CONF": self.conf, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60.0,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def revive(self, node: str) -> bool:
        """Return whether a node takes jobs, and ask for it when it does not; some come back by themselves."""
        if self.run("sinfo", "-h", "-n", node, "-o", "%T").split()[0] in ("idle", "mixed", "allocated"):
            return True
        with contextlib.suppress(AssertionError):
            self.run("scontrol", "update", f"NodeName={node}", "State=RESUME")
        return False

    def down(self) -> None:
        """End all of it."""
        done = self._script("down", "--dir", self.folder)
        assert done.returncode == 0, done.stderr


def _bring_up(config: pytest.Config, *flags: str) -> RealCluster:
    """Return a new cluster; where there can be none the test is skipped, and fails in CI."""
    try:
        return RealCluster(*flags)
    except LookupError as error:
        config.stash[NOT_HERE] = str(error)
        if os.environ.get("CI"):
            pytest.fail(f"no real Slurm: {error}")
        pytest.skip(f"no real Slurm: {error}")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say loudly what was left out."""
    reason = config.stash.get(NOT_HERE, "")
    if reason:
        terminalreporter.write_line(
            f"!!! THE TESTS ON A REAL SLURM WERE LEFT OUT: {reason}", red=True, bold=True
        )


@pytest.fixture(scope="session")
def accounted(pytestconfig: pytest.Config) -> Iterator[RealCluster]:
    """A cluster of four nodes with accounting, limits, preemption and memory limits."""
    flags = ("--hosts", "--limits", "--preemption", "--memory-kill", "--conf", "MaxArraySize=51")
    cluster = _bring_up(pytestconfig, *flags)
    yield cluster
    cluster.down()


@pytest.fixture(scope="session")
def bare(pytestconfig: pytest.Config) -> Iterator[RealCluster]:
    """A cluster without accounting that soon forgets jobs that have ended, with a name of its own."""
    flags = ("--hosts", "--no-accounting", "--nodes", "2", "--conf", "ClusterName=bare")
    cluster = _bring_up(pytestconfig, *flags)
    yield cluster
    cluster.down()


# The stand-in ---------------------------------------------------------------------------------------------


class StandIn:
    """Slurm's commands as one script; it really runs the elements."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        for name in ("bin", "jobs", "faults"):
            (folder / name).mkdir(parents=True)
        self.configure()
        for command in ("sbatch", "squeue", "sacct", "scancel", "scontrol"):
            program = self.bin / command
            script = HERE / "standin.py"
            program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -I -S '{script}' {command} \"$@\"\n")
            program.chmod(0o755)

    def configure(self, **settings: object) -> None:
        """Change the cluster's settings."""
        settings = {"MaxArraySize": 1001, "accounting": True, **settings}
        (self.folder / "config.json").write_text(json.dumps(settings))

    def fail(self, command: str, *faults: str) -> None:
        """Let the next calls of a command go wrong; see standin.py for the words."""
        (self.folder / "faults" / command).write_text("".join(f"{fault}\n" for fault in faults))

    def forget(self, native_id: str) -> None:
        """Let the controller forget a job, not the accounting."""
        (self.folder / "jobs" / native_id.partition(";")[0] / "forgotten").touch()

    def calls(self, command: str = "") -> list[tuple[str, list[str], str, dict[str, str]]]:
        """Return the calls so far: command, arguments, standard input, environment."""
        path = self.folder / "calls.jsonl"
        found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [call for call in found if command in ("", call[0])]


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in, first on PATH."""
    made = StandIn(tmp_path / "standin")
    monkeypatch.setenv("PATH", f"{made.bin}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STANDIN_SLURM", str(made.folder))
    return made


# Requests -------------------------------------------------------------------------------------------------

MakeRequest = Callable[..., JobRequest]


@pytest.fixture
def make_request(tmp_path: Path) -> MakeRequest:
    """Return requests whose elements run a piece of Python in which ``number`` is their number."""

    def make(code: str = "pass", count: int = 1, **fields: Any) -> JobRequest:
        return request_in(tmp_path, code, count, **fields)

    return make


def request_in(folder: Path, code: str = "pass", count: int = 1, **fields: Any) -> JobRequest:
    """Return a request whose elements run a piece of Python, in a directory."""
    token = fields.pop("token", os.urandom(10).hex())
    cwd = fields.setdefault("cwd", str(folder))
    logs = fields.setdefault("log_dir", os.path.join(cwd, "logs"))
    os.makedirs(logs, exist_ok=True)
    prelude = "import os, sys, time; number = int(os.environ['SLURM_ARRAY_TASK_ID'])\n"
    fields.setdefault("resources", Resources())
    return JobRequest(
        name=f"flow.task.{token[:10]}",
        argv=[sys.executable, "-I", "-S", "-c", prelude + code, token],
        serve_argv=[],
        count=count,
        instances=count,
        token=token,
        directory=cwd,
        **fields,
    )


def wait_for_end(
    executor: Executor, native_ids: Collection[str], timeout_s: float = 60.0
) -> Mapping[str, dict[int, ElementReport]]:
    """Return the reports of requests when all that is known of them has ended."""
    reports: dict[str, dict[int, ElementReport]] = {}

    def have_ended() -> bool:
        nonlocal reports
        reports = executor.poll(native_ids)
        known = [report for native in native_ids for report in reports.get(native, {}).values()]
        return all(native in reports for native in native_ids) and not any(r.state.is_active for r in known)

    until(have_ended, timeout_s)
    return reports


class Rig:
    """What tests use together: the functions above."""

    CLUSTER = HERE / "cluster"
    until = staticmethod(until)
    wait_for_end = staticmethod(wait_for_end)


@pytest.fixture(scope="session")
def rig() -> type[Rig]:
    """Return what tests have in common."""
    return Rig


@pytest.fixture(scope="session")
def early(accounted: RealCluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Native ids of what takes minutes to happen, submitted before the first test on the cluster: by its name."""
    folder = tmp_path_factory.mktemp("early")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", accounted.conf)
        executor = SlurmExecutor()
        minute = Resources(time_s=60)
        too_long = request_in(folder, "time.sleep(600)", resources=minute)
        mixed = request_in(folder, "sys.exit(5 * (number == 2))", 3)
        return {"too long": executor.submit(too_long), "mixed": executor.submit(mixed)}


@pytest.fixture
def slurm(accounted: RealCluster, early: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> SlurmExecutor:
    """An executor on the cluster with accounting."""
    monkeypatch.setenv("SLURM_CONF", accounted.conf)
    return SlurmExecutor()


@pytest.fixture
def bare_slurm(bare: RealCluster, monkeypatch: pytest.MonkeyPatch) -> SlurmExecutor:
    """An executor on the cluster without accounting."""
    monkeypatch.setenv("SLURM_CONF", bare.conf)
    return SlurmExecutor()


@pytest.fixture
def fake_slurm(standin: StandIn) -> SlurmExecutor:
    """An executor on the stand-in."""
    return SlurmExecutor()


@pytest.fixture
def impatient(standin: StandIn) -> SlurmExecutor:
    """The same, which waits long enough for the stand-in to have begun, and not for ever."""
    return SlurmExecutor({"submit_s": 5.0})


# Users with runs on real clusters -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def load_flows() -> Iterator[Callable[[str], ModuleType]]:
    """Return modules of flows, imported as a script in their directory would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE / "flows"))
        yield importlib.import_module


@pytest.fixture(scope="session")
def flows(load_flows: Callable[[str], ModuleType]) -> ModuleType:
    """The flows for whole runs."""
    return load_flows("real_runs")


@pytest.fixture
def user(accounted: RealCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """A user of the cluster with accounting."""
    return _user(accounted, tmp_path, monkeypatch)


@pytest.fixture
def bare_user(bare: RealCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """A user of the cluster without accounting."""
    return _user(bare, tmp_path, monkeypatch)


def _user(cluster: RealCluster, place: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setenv("SLURM_CONF", cluster.conf)
    monkeypatch.chdir(place)
    return User(place, cluster)
