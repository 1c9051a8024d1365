"""How often a real scheduler is called, and what becomes of calls whose answer is lost."""

from __future__ import annotations

import importlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from watched import run_in, until

from reflow_slurm import SlurmExecutor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

COMMANDS = ("sbatch", "scancel", "squeue", "sacct", "scontrol")
MOST_CALLS = 18
TIMED_OUT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"

COUNTED = """#!/bin/sh
number=$(flock '{log}' sh -c "echo {command} >>'{log}'; grep -c '^{command}$' '{log}'")
case '{faults}' in
  *"<$number lost>"*) '{real}' "$@" >/dev/null; echo '{words}' >&2; exit 1 ;;
  *"<$number hang>"*) '{real}' "$@" >/dev/null; exec sleep 600 ;;
esac
exec '{real}' "$@"
"""


class Wrappers:
    """Slurm's commands, first on PATH, here and in jobs, that count how often they are called."""

    def __init__(self, folder: Path) -> None:
        self._bin, self._log = folder / "bin", folder / "calls.log"
        self._bin.mkdir()
        self._log.touch()
        self._real = {command: shutil.which(command) for command in COMMANDS}
        self.hurt()

    def hurt(self, *faults: str) -> None:
        """Let calls of sbatch be accepted and then go wrong: ``3 lost``, ``3 hang``."""
        for command in COMMANDS:
            script = COUNTED.format(
                command=command,
                log=self._log,
                real=self._real[command],
                faults="".join(f"<{fault}>" for fault in faults) if command == "sbatch" else "",
                words=TIMED_OUT,
            )
            (self._bin / command).write_text(script)
            (self._bin / command).chmod(0o755)

    @property
    def path(self) -> str:
        return f"{self._bin}{os.pathsep}{os.environ['PATH']}"

    @property
    def calls(self) -> list[str]:
        return self._log.read_text().split()


@pytest.fixture
def wrappers(tmp_path, monkeypatch) -> Wrappers:
    made = Wrappers(tmp_path)
    monkeypatch.setenv("PATH", made.path)
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture(scope="module")
def flow() -> Iterator[ModuleType]:
    """The flow, imported as a script in its directory would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent / "flows"))
        yield importlib.import_module("calls")


def called(folder: Path) -> list[int]:
    return sorted(map(int, (folder / "called").read_text().split())) if (folder / "called").exists() else []


# How often ------------------------------------------------------------------------------------------------


def test_wide_run_makes_few_calls_and_none_while_it_works(bare, wrappers, flow, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", bare.conf)
    folder = tmp_path / "run"
    run = flow.calls.submit(folder, executor="slurm", count=500)
    until(lambda: called(folder) == list(range(500)), 150.0)
    before = wrappers.calls
    time.sleep(6.0)
    after = wrappers.calls
    (folder / "open").touch()

    assert run_in(folder).see_end() == "succeeded"
    assert run.result("total") == sum(range(500))
    assert after == before
    assert len(wrappers.calls) <= MOST_CALLS, wrappers.calls


# Lost answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "faults",
    [
        ["1 lost", "3 lost"],
        ["2 lost", "4 lost", "5 hang"],
        ["1 hang", "4 hang"],
        ["3 lost", "4 lost", "5 lost", "6 lost", "7 lost"],
    ],
    ids=", ".join,
)
def test_what_was_accepted_without_an_answer_is_found_and_not_submitted_again(
    accounted, wrappers, flow, tmp_path, monkeypatch, faults
):
    monkeypatch.setenv("SLURM_CONF", accounted.conf)
    wrappers.hurt(*faults)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "open").touch()
    run = flow.calls.submit(folder, executor=SlurmExecutor({"submit_s": 3.0}), count=25)

    assert run_in(folder).see_end(100.0) == "succeeded"
    assert run.result("total") == sum(range(25))
    assert called(folder) == list(range(25))
    until(lambda: not queued(accounted, tmp_path))
    names = jobs(accounted, tmp_path)
    assert len(names) == len(set(names))
    assert wrappers.calls.count("sbatch") == len(list((run_in(folder).root / "jobs").iterdir()))


def queued(cluster, place: Path) -> list[str]:
    told = cluster.run("squeue", "-h", "-o", "%j|%Z").splitlines()
    return [line for line in told if line.endswith(f"|{place}")]


def jobs(cluster, place: Path) -> list[str]:
    """Return the name of each array job that was submitted from a place."""
    fields = "JobName,WorkDir,JobID"
    told = cluster.run("sacct", "-n", "-P", "-X", "-S", "now-1hour", "-o", fields).splitlines()
    rows = [line.split("|") for line in told]
    numbers = {(name, number.partition("_")[0]) for name, cwd, number in rows if cwd == str(place)}
    return [name for name, _ in numbers]
