"""Runs that are stopped at a chosen system call, gone on with, and compared with an undisturbed one."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from reflow.compose import open_run
from reflow.run.drive import drive
from reflow.run.results import results
from reflow.rundir.layout import RunPaths, list_runs, run_paths
from reflow.rundir.outcomes import read_segment

FLOWS = Path(__file__).parent / "flows"
REFLOW = "import sys; from reflow.cli.main import reflow_main; sys.exit(reflow_main())"
KILL = "signal=SIGKILL"
AT_ONCE = 2  #: points that are tried side by side
WORKERS_END_S = 2.0  #: how long after its driver a worker may live

#: What Python, libc and SQLite call where a run writes, by the call as the issue of durability knows it.
CALLS = ("fsync", "fdatasync", "rename", "link", "unlink", "unlinkat", "mkdir", "rmdir", "pwrite64")


class Fault(NamedTuple):
    """What strace does to the n-th call of a kind."""

    call: str
    what: str
    n: int

    def strace(self, trace: Path) -> list[str]:
        """Return the command in front of the one that it is done to."""
        # With a filter in the kernel only the calls at hand are stopped at; a signal would be lost there.
        quick = [] if self.what.startswith("signal") else ["-f", "--seccomp-bpf"]
        inject = f"inject={self.call}:{self.what}:when={self.n}"
        return ["strace", *quick, "-qq", "-o", str(trace), "-e", f"trace={self.call}", "-e", inject]


class Ended(NamedTuple):
    """How a command ended, and whether the fault came to it."""

    code: int
    said: str
    was_hit: bool


class Picture(NamedTuple):
    """What is left of a run for those who use it."""

    state: str
    results: dict[str, Any]
    rows: dict[str, int]


class Scene:
    """One user with a store of their own and one run directory."""

    def __init__(self, place: Path, workers: int = 1, flow: str = "three_steps.py", python: str = "") -> None:
        self.place = place
        self.run_dir = place / "run"
        self.flow = flow
        place.mkdir(parents=True)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("REFLOW_", "XDG_"))},
            "HOME": str(place),
            "REFLOW_EXECUTOR": "local",
            "REFLOW_WORKERS": str(workers),
            "REFLOW_STORE": str(place / "store.db"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if python:
            self._environment["REFLOW_PYTHON"] = python

    # What is done

    def submit(self, fault: Fault | None = None) -> Ended:
        """Submit the flow and wait until that command has ended, and its workers with it."""
        return self._command([str(FLOWS / self.flow), "submit", "--run-dir", str(self.run_dir), "-q"], fault)

    def start(self) -> subprocess.Popen[bytes]:
        """Submit the flow and do not wait."""
        words = [sys.executable, str(FLOWS / self.flow), "submit", "--run-dir", str(self.run_dir), "-q"]
        return subprocess.Popen(words, env=self._environment, cwd=self.place)

    def advance(self, fault: Fault | None = None) -> Ended:
        """Type ``reflow advance RUN``."""
        return self._command(["-c", REFLOW, "advance", self.run_id, "--run-dir", str(self.run_dir), "-q"], fault)

    def go_on(self) -> None:
        """Do what ``reflow advance RUN`` does, in this process."""
        run = open_run(self.run_id, run_dir=str(self.run_dir))
        try:
            drive(run)
        finally:
            run.close()

    def _command(self, words: list[str], fault: Fault | None) -> Ended:
        trace = self.place / "trace"
        before = fault.strace(trace) if fault else []
        ended = subprocess.run(
            [*before, sys.executable, *words],
            env=self._environment,
            cwd=self.place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        hit = fault is not None and _was_hit(trace)
        return Ended(ended.returncode, ended.stderr, hit)

    # What is there

    @property
    def run_ids(self) -> list[str]:
        return list_runs(str(self.run_dir))

    @property
    def run_id(self) -> str:
        (run_id,) = self.run_ids
        return run_id

    @property
    def paths(self) -> RunPaths:
        return run_paths(str(self.run_dir), self.run_id)

    def calls(self) -> dict[str, int]:
        """How often each instance was called, by what itself wrote."""
        files = self.run_dir.glob("called-*")
        return {file.name.removeprefix("called-"): len(file.read_text().splitlines()) for file in files}

    def recorded(self) -> set[str]:
        """The instances that a whole line says have succeeded, wherever such lines are at the moment."""
        found = set()
        for submission in Path(self.paths.jobs).iterdir():
            if not (submission / "shared.json").exists():
                continue
            task = _task_of(submission)
            files = [submission / "outcomes.jsonl", *submission.glob("outcomes/*.jsonl"), *submission.glob("outcomes/*.part")]
            for file in files:
                with contextlib.suppress(FileNotFoundError):
                    lines, _ = read_segment(str(file))
                    ended = [line.index for line in lines if line.kind == "e" and line.state == "succeeded"]
                    found |= {f"{task}-{index}" if task == "convert" else task for index in ended}
        return found

    def processes(self) -> list[int]:
        """The processes that have to do with this run."""
        mark = os.fsencode(self.run_dir)
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    if mark in Path("/proc", entry, "cmdline").read_bytes():
                        found.append(int(entry))
        return found

    def wait_until_alone(self) -> list[int]:
        """Give processes the time they have to end in, and return those that are left."""
        deadline = time.monotonic() + WORKERS_END_S
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left

    def picture(self) -> Picture:
        run = open_run(self.run_id, run_dir=str(self.run_dir))
        try:
            state, found = run.ledger.overview().state.value, {name: results(run, name) for name in run.graph.tasks}
        finally:
            run.close()
        rows = _counts(self.paths.root + "/ledger.db", "instances", "outputs", "attempts")
        return Picture(state, found, rows | _counts(str(self.place / "store.db"), "results"))

    def clear(self) -> None:
        shutil.rmtree(self.place)


def _task_of(submission: Path) -> str:
    import json

    task: str = json.loads((submission / "request.json").read_text())["task"] if (submission / "request.json").exists() else json.loads((submission / "shared.json").read_text())["task"]
    return task


def _was_hit(trace: Path) -> bool:
    text = trace.read_text(errors="replace")
    return "(INJECTED)" in text or "killed by SIGKILL" in text


def _counts(database: str, *tables: str) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        (sound,) = db.execute("PRAGMA integrity_check").fetchone()
        assert sound == "ok", f"{database}: {sound}"
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


class Rig:
    """Makes scenes, and tries faults in them."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._numbers = itertools.count(1)
        self._undisturbed: Picture | None = None
        self.seen: list[Any] = []

    def scene(self, **options: Any) -> Scene:
        return Scene(self._place / str(next(self._numbers)), **options)

    @property
    def undisturbed(self) -> Picture:
        if self._undisturbed is None:
            scene = self.scene()
            assert scene.submit().code == 0
            self._undisturbed = scene.picture()
        return self._undisturbed

    def stop(self, scene: Scene, fault: Fault) -> tuple[Ended, set[str], dict[str, int]]:
        """Submit under a fault; return how that ended, what was recorded by then, and what was called."""
        ended = scene.submit(fault)
        assert not scene.wait_until_alone(), "workers outlive their driver"
        if "Traceback" in ended.said:
            raise AssertionError(f"a traceback: {ended.said[-2000:]}")
        if not scene.run_ids:
            again = scene.submit()
            assert again.code == 0, f"the same submit again: {again}"
        return ended, scene.recorded(), scene.calls()

    def verify(self, scene: Scene, recorded: set[str], called: dict[str, int]) -> None:
        """Check that a run came to what an undisturbed one comes to, and did nothing recorded again."""
        assert scene.picture() == self.undisturbed
        calls = scene.calls()
        assert calls.keys() == {"prepare", "convert-0", "convert-1", "convert-2", "finalize"}
        assert {name: calls[name] for name in recorded} == {name: called[name] for name in recorded}
        assert not scene.processes()

    def try_point(self, fault: Fault, **options: Any) -> tuple[bool, str]:
        """Return whether a fault came, and what went wrong after it."""
        scene = self.scene(**options)
        try:
            ended, recorded, called = self.stop(scene, fault)
            self.seen.append((fault, ended))
            scene.go_on()
            self.verify(scene, recorded, called)
        except Exception as error:
            import traceback
            return True, f"{fault}: {scene.place}: {type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"
        scene.clear()
        return ended.was_hit, ""

    def sweep(self, call: str, what: str, step: int = 1, **options: Any) -> tuple[int, list[str]]:
        """Try a fault at each n until it does not come; return how many came and what went wrong."""
        assert self.undisturbed
        numbers: Iterator[int] = itertools.count(1, step)
        over: list[int] = []
        wrong: list[str] = []
        tried: list[int] = []

        def work() -> None:
            while not over and len(wrong) < 10:
                n = next(numbers)
                hit, why = self.try_point(Fault(call, what, n), **options)
                if not hit:
                    over.append(n)
                    return
                tried.append(n)
                if why:
                    wrong.append(why)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(work) for _ in range(AT_ONCE)]:
                done.result()
        return len(tried), wrong
