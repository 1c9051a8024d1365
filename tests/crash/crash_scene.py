"""One user, one run directory, and what can be done and seen there."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crash_faults import Fault

from reflow.compose.runs import open_run
from reflow.run.drive import drive
from reflow.run.results import results
from reflow.rundir.layout import RunPaths, list_runs, run_paths
from reflow.rundir.outcomes import read_segment

FLOWS = Path(__file__).parent / "flows"
REFLOW = ("-c", "import sys; from reflow.cli.main import reflow_main; sys.exit(reflow_main())")
WORKERS_END_S = 30.0  #: how long a worker may live after its driver: one that starts must get so far first
_STRAY = (".tmp", ".new", "-journal", ".lock")


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

    def rebuild(self, what: str, fault: Fault | None = None) -> Ended:
        """Type ``reflow store rebuild``, of the ledger of the run or of the store."""
        run = [self.run_id] if what == "ledger" else []
        words = ["store", "rebuild", *run, "--run-dir", str(self.run_dir)]
        return self._command([*REFLOW, *words], fault)

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
