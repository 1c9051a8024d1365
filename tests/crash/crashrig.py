"""Runs that are stopped at a chosen system call, gone on with, and compared with an undisturbed one."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from reflow.compose import open_run
from reflow.run.drive import drive
from reflow.run.results import results
from reflow.rundir.layout import RunPaths, list_runs, run_paths
from reflow.rundir.outcomes import read_segment

FLOWS = Path(__file__).parent / "flows"
REFLOW = ("-c", "import sys; from reflow.cli.main import reflow_main; sys.exit(reflow_main())")
AT_ONCE = 2  #: points that are tried side by side
ENOUGH = 5  #: failures after which no further point is tried
BY_COMMAND = 16  #: every so many-th run is gone on with by the command itself, the others in this process
WORKERS_END_S = 2.0  #: how long a worker may live after its driver
_STRAY = (".tmp", ".new", "-journal", ".lock")


#: Calls of one kind as Python, libc and SQLite make them, here and on other processors.
CALLS = {
    "rename": "?rename,?renameat,?renameat2",
    "link": "?link,?linkat",
    "unlink": "?unlink,?unlinkat",
    "mkdir": "?mkdir,?mkdirat",
    "rmdir": "?rmdir",
}


def need_strace(reason: str, environment: Mapping[str, str]) -> None:
    """Go on where faults can be injected. In CI, nothing may be left out.

    Args:
        reason: Why they cannot, or an empty text.
    """
    if reason and environment.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(f"NO CRASH WAS TRIED: {reason}")


def why_no_strace() -> str:
    """Return why faults cannot be injected here, or an empty text."""
    if shutil.which("strace") is None:
        return "there is no strace; type: apt-get install strace"
    words = [*Fault("mkdir", "error=EIO", 1).strace(Path(os.devnull)), "true"]
    ended = subprocess.run(words, capture_output=True, text=True)
    return f"strace cannot inject faults here: {ended.stderr.strip()}" if ended.returncode else ""


class Fault(NamedTuple):
    """What strace does to the n-th call of a kind: ``signal=SIGKILL`` before it, or ``error=EIO`` in its place."""

    call: str
    what: str
    n: int

    def strace(self, trace: Path, *options: str) -> list[str]:
        """Return the words in front of a command that make this happen to it."""
        # A filter in the kernel makes strace see the calls at hand alone, but loses a signal.
        seen = [] if self.what.startswith("signal") or options else ["-f", "--seccomp-bpf"]
        calls = CALLS.get(self.call, self.call)
        inject = f"{calls}:{self.what}:when={self.n}"
        return [
            "strace",
            *seen,
            *options,
            "-qq",
            "-o",
            str(trace),
            "-e",
            f"trace={calls}",
            "-e",
            f"inject={inject}",
        ]


class Ended(NamedTuple):
    """How a command ended, and whether its fault had come by then."""

    code: int
    said: str
    was_hit: bool


class Before(NamedTuple):
    """What was there when a run had been stopped."""

    recorded: set[str]
    calls: dict[str, int]


class Picture(NamedTuple):
    """What those who use a run see of it."""

    state: str
    results: dict[str, Any]
    attempts: list[str]
    rows: dict[str, int]


class Scene:
    """One user with a store of their own, and a run directory."""

    def __init__(self, place: Path, flow: str, workers: int) -> None:
        self.place = place
        self.run_dir = place / "run"
        self.trace = place / "trace"
        self._flow = str(FLOWS / flow)
        place.mkdir(parents=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REFLOW_", "XDG_"))}
        self._environment = kept | {
            "HOME": str(place),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REFLOW_EXECUTOR": "local",
            "REFLOW_RUN_DIR": str(self.run_dir),
            "REFLOW_STORE": str(place / "store.db"),
            "REFLOW_WORKERS": str(workers),
        }

    def replace_python(self, fault: Fault | None = None) -> None:
        """Have workers started by a script; the fault comes to the first of them."""
        script, first = self.place / "python", self.place / "first"
        lines = ["#!/bin/sh", f'exec {sys.executable} "$@"']
        if fault is not None:
            traced = shlex.join([*fault.strace(self.trace, "-D"), sys.executable])
            lines.insert(1, f'mkdir {first} 2>/dev/null && exec {traced} "$@"')
        script.write_text("\n".join([*lines, ""]))
        script.chmod(0o700)
        self._environment["REFLOW_PYTHON"] = str(script)

    # What is typed

    def submit(self, fault: Fault | None = None) -> Ended:
        """Submit the flow, and wait for the end of that."""
        return self._command([self._flow, "submit", "-q"], fault)

    @contextlib.contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Submit the flow, and do not wait; at the end of the ``with`` that is over."""
        words = (sys.executable, self._flow, "submit", "-q", *words)
        with subprocess.Popen(
            words, env=self._environment, cwd=self.place, stdout=subprocess.DEVNULL
        ) as driver:
            try:
                yield driver
            finally:
                driver.kill()

    def advance(self, fault: Fault | None = None) -> Ended:
        """Type ``reflow advance RUN``."""
        return self._command([*REFLOW, "advance", self.run_id, "--run-dir", str(self.run_dir), "-q"], fault)

    def go_on(self) -> None:
        """Do the same in this process, which is faster."""
        run = open_run(self.run_id, run_dir=str(self.run_dir))
        with contextlib.closing(run):
            drive(run)

    def _command(self, words: Sequence[str], fault: Fault | None) -> Ended:
        ended = subprocess.run(
            [*(fault.strace(self.trace) if fault else ()), sys.executable, *words],
            env=self._environment,
            cwd=self.place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        assert "Traceback" not in ended.stderr, ended.stderr[-3000:]
        return Ended(ended.returncode, ended.stderr, self.was_hit)

    # What is there

    @property
    def was_hit(self) -> bool:
        """Whether the last fault has come."""
        text = self.trace.read_text(errors="replace") if self.trace.exists() else ""
        return "(INJECTED)" in text or "killed by SIGKILL" in text

    @property
    def run_id(self) -> str:
        """The one run that exists; what a kill left of another's beginnings is none."""
        (run_id,) = list_runs(str(self.run_dir))
        return run_id

    @property
    def exists(self) -> bool:
        """Whether the run has come to exist."""
        return bool(list_runs(str(self.run_dir)))

    @property
    def paths(self) -> RunPaths:
        """The files of the run."""
        return run_paths(str(self.run_dir), self.run_id)

    @property
    def calls(self) -> dict[str, int]:
        """How often each instance was called, as it wrote down itself."""
        files = self.run_dir.glob("called-*")
        return {file.name.removeprefix("called-"): len(file.read_text().splitlines()) for file in files}

    def pid_of(self, instance: str) -> int:
        """Wait until an instance has been called, and return the process that did it last."""
        file = self.run_dir / f"called-{instance}"
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text().endswith("\n")):
            assert time.monotonic() < deadline, f"{instance} was not called"
            time.sleep(0.01)
        return int(file.read_text().split()[-1])

    def end(self, *instances: str) -> None:
        """Let instances come to their end."""
        for instance in instances:
            (self.run_dir / f"end-{instance}").touch()

    @property
    def recorded(self) -> set[str]:
        """The instances of which a whole line says that they succeeded, wherever such lines are by now."""
        found: set[str] = set()
        for submission in Path(self.paths.jobs).iterdir():
            for file in (*submission.glob("outcomes.jsonl"), *submission.glob("outcomes/*")):
                task = json.loads((submission / "shared.json").read_text())["task"]
                ended = [line.index for line in read_segment(str(file))[0] if line.state == "succeeded"]
                found |= {f"convert-{index}" if task == "convert" else task for index in ended}
        return found

    def wait_until_alone(self) -> list[int]:
        """Give the processes of the run the time that they have to end in, and return those that are left."""
        deadline = time.monotonic() + WORKERS_END_S
        while (left := processes_of(self.run_dir)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left

    def picture(self) -> Picture:
        """Look at the run as its users do."""
        run = open_run(self.run_id, run_dir=str(self.run_dir))
        with contextlib.closing(run):
            attempts = [
                f"{a.task}-{a.index} attempt {a.attempt}: {a.state.value}" for a in run.ledger.attempts()
            ]
            found = {task: results(run, task) for task in run.graph.tasks}
            state = run.ledger.overview().state.value
        rows = count_rows(f"{self.paths.root}/ledger.db", "instances", "outputs", "attempts")
        return Picture(
            state, found, sorted(attempts), rows | count_rows(str(self.place / "store.db"), "results")
        )

    def reasons(self) -> dict[str, str]:
        """Why attempts failed."""
        run = open_run(self.run_id, run_dir=str(self.run_dir))
        with contextlib.closing(run):
            return {f"{a.task}-{a.index}": a.reason for a in run.ledger.attempts() if a.reason}

    def stray(self) -> list[str]:
        """The files of the run and of the store that only somebody at work has."""
        found = [*Path(self.paths.root).rglob("*"), *self.place.glob("store.db*")]
        return [
            str(path)
            for path in found
            if path.name.endswith(_STRAY) or path.name.startswith(("lease", "note-"))
        ]


def processes_of(place: Path) -> list[int]:
    """Return the processes whose command names a place."""
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if entry.isdigit() and os.fsencode(place) in Path("/proc", entry, "cmdline").read_bytes():
                found.append(int(entry))
    return found


def count_rows(database: str, *tables: str) -> dict[str, int]:
    """Return how many rows there are, in a file that SQLite finds nothing wrong with."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


class Rig:
    """Makes scenes, and tries faults in them."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._numbers = itertools.count(1)

    def scene(self, flow: str = "three_steps.py", workers: int = 1) -> Scene:
        """Return a new one."""
        return Scene(self._place / str(next(self._numbers)), flow, workers)

    @cached_property
    def undisturbed(self) -> Picture:
        """What comes of a run that nothing happens to."""
        scene = self.scene()
        assert scene.submit().code == 0
        return scene.picture()

    def stopped(self, scene: Scene) -> Before:
        """See what is there once a command has ended; submit again if it made no run."""
        assert not scene.wait_until_alone(), "workers outlive their driver"
        if not scene.exists:
            assert scene.submit().code == 0
        return Before(scene.recorded, scene.calls)

    def verify(self, scene: Scene, before: Before) -> None:
        """Check that all is as in an undisturbed run, and that nothing that was recorded ran again."""
        assert scene.picture() == self.undisturbed
        calls = scene.calls
        assert sorted(calls) == ["convert-0", "convert-1", "convert-2", "finalize", "prepare"]
        assert {name: calls[name] for name in before.recorded} == {
            name: before.calls[name] for name in before.recorded
        }
        assert not scene.stray()
        assert not processes_of(scene.run_dir)

    def try_submit(self, fault: Fault, workers: int) -> bool:
        """Submit under a fault, go on, verify; return whether the fault came."""
        scene = self.scene(workers=workers)
        ended = scene.submit(fault)
        assert ended.code in (0, 3, -signal.SIGKILL), ended
        before = self.stopped(scene)
        if fault.n % BY_COMMAND == 1:
            assert scene.advance().code == 0
        else:
            scene.go_on()
        self.verify(scene, before)
        shutil.rmtree(scene.place)
        return ended.was_hit

    def try_twice(self, first: Fault, second: Fault) -> bool:
        """Submit under one fault, advance under another, go on, verify; return whether the second one came."""
        scene = self.scene()
        scene.submit(first)
        before = self.stopped(scene)
        ended = scene.advance(second)
        between = self.stopped(scene)
        scene.go_on()
        self.verify(scene, before)
        self.verify(scene, between)
        shutil.rmtree(scene.place)
        return ended.was_hit

    def try_worker(self, fault: Fault) -> bool:
        """Submit with a worker that a fault comes to, verify; return whether it came."""
        scene = self.scene()
        scene.replace_python(fault)
        assert scene.submit().code == 0
        before = self.stopped(scene)
        assert set(before.calls.values()) == {1}
        self.verify(scene, before)
        was_hit = scene.was_hit
        shutil.rmtree(scene.place)
        return was_hit

    def sweep(self, call: str, what: str, *, start: int = 1, step: int = 1, workers: int = 1) -> int:
        """Try a fault at every n until it does not come any more; return how many came."""
        faults = (Fault(call, what, n) for n in itertools.count(start, step))
        return self.try_all(faults, lambda fault: self.try_submit(fault, workers))

    def sweep_worker(self, call: str, what: str) -> int:
        """Try a fault in a worker at every n until it does not come any more; return how many came."""
        return self.try_all((Fault(call, what, n) for n in itertools.count(1)), self.try_worker)

    def try_all(self, points: Iterable[Any], act: Callable[[Any], bool], *, to_the_end: bool = False) -> int:
        """Try points side by side; return how many came true.

        Args:
            act: Tries one and returns whether it came; raises when something is wrong after it.
            to_the_end: Whether to go on behind a point that did not come.
        """
        assert self.undisturbed
        wrong: list[str] = []
        came: list[Any] = []
        over: list[Any] = []
        left = iter(points)
        lock = threading.Lock()

        def work() -> None:
            while len(wrong) < ENOUGH and (to_the_end or not over):
                with lock:
                    point = next(left, None)
                if point is None:
                    return
                try:
                    (came if act(point) else over).append(point)
                except Exception:  # told below, with all others
                    wrong.append(f"{point}\n{traceback.format_exc()}")

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for worker in [pool.submit(work) for _ in range(AT_ONCE)]:
                worker.result()
        assert not wrong, "\n\n".join(wrong)
        return len(came)
