"""A run directory with a flow in it and nothing above it: enough for workers and executors, without a store."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import reflow
from reflow.contracts.executor import Event, Executor, JobRequest, ResidentExecutor
from reflow.filesystem.files import make_directory, write_new
from reflow.model.resources import Resources
from reflow.rundir.boot import boot_argv
from reflow.rundir.copies import NewCopies
from reflow.rundir.layout import RunPaths, SubmissionPaths
from reflow.rundir.outcomes import Outcome, list_segments, read_segment
from reflow.rundir.payload import Line, write_payload

HEAD = """from __future__ import annotations
import os, signal, sys, time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from reflow.define.flow import Flow
from reflow.define.markers import Param, Result, RunDir
flow = Flow("small")
"""


class SmallRun:
    """A run of one module, written out as a real one would be.

    Args:
        folder: An empty directory.
        text: What the module defines, behind imports and ``flow = Flow("small")``.
    """

    def __init__(self, folder: Path, text: str, **info: Any) -> None:
        self.folder = folder
        self.paths = RunPaths(str(folder / "runs" / ".reflow" / "small-1"))
        for path in (
            self.paths.root,
            self.paths.source,
            self.paths.control,
            self.paths.jobs,
            self.paths.logs,
        ):
            make_directory(path)
        self.file = folder / "small_flow.py"
        self.file.write_text(HEAD + text)
        copies = NewCopies()
        added = copies.add(str(self.file), self.file.read_bytes(), None)
        copies.write(self.paths)
        modules = {"small_flow": {"file": str(self.file), "search": None, **added}}
        fixed = {
            "reflow": 1,
            "version": reflow.__version__,
            "workflow": "small",
            "store": "",
            "manifest": {},
            "parameters": {},
            "executor": {"name": "", "options": {}, "resident": True},
            "cwd": str(folder),
            "umask": 0o022,
            "python": sys.executable,
            "sys_path": [path for path in sys.path if path],
            "own_path": False,
            "entry": {"module": "small_flow", "attribute": "flow"},
            "modules": modules,
            "plugins": [],
            "options": {},
        }
        write_new(self.paths.run_json, [json.dumps({**fixed, **info}).encode()])
        self.serve_argv = boot_argv(sys.executable, self.paths.root, "serve")
        self._count = 0

    def submission(
        self,
        task: str,
        values: Iterable[Mapping[str, Any]] = ({},),
        shared: Mapping[str, Any] | None = None,
        **line: int,
    ) -> SubmissionPaths:
        """Write a submission: an instance per mapping of tagged values."""
        self._count += 1
        sub = self.paths.submission(f"{self._count:020x}")
        for path in (sub.directory, sub.claims, sub.outcomes, sub.done):
            make_directory(path)
        pack, workers = line.pop("pack", 1), line.pop("workers", 1)
        retries = line.pop("retries", 0)
        lines = (Line(index, 1, _texts(each), retries) for index, each in enumerate(values))
        write_payload(sub, task, _texts(shared or {}), lines, pack=pack, workers=workers)
        return sub

    def request(self, sub: SubmissionPaths, instances: int, elements: int = 2, **fields: Any) -> JobRequest:
        """Return what an executor is asked for."""
        token = os.path.basename(sub.directory)
        return JobRequest(
            name=f"small.{token[:10]}",
            argv=[*boot_argv(sys.executable, self.paths.root, "element"), token],
            serve_argv=self.serve_argv,
            count=min(elements, instances),
            instances=instances,
            resources=fields.pop("resources", Resources()),
            log_dir=self.paths.logs,
            token=token,
            directory=sub.directory,
            cwd=str(self.folder),
            **fields,
        )

    def outcomes(self, sub: SubmissionPaths, parts: Collection[str] = ()) -> list[Outcome]:
        """Return all lines of the sealed segments of a submission, and of these parts."""
        names = [*list_segments(sub.outcomes), *parts]
        return [line for name in names for line in read_segment(os.path.join(sub.outcomes, name))[0]]

    def ends(self, sub: SubmissionPaths) -> dict[int, Outcome]:
        """Return the last end of each instance, by index."""
        return {line.index: line for line in self.outcomes(sub) if line.kind == "e"}

    def log(self, sub: SubmissionPaths, element: int = 0) -> str:
        """Return the log of an element."""
        path = Path(self.paths.element_log(os.path.basename(sub.directory), element))
        return path.read_text() if path.exists() else ""


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(tagged) for name, tagged in values.items()}


def pump_until_ended(executor: Executor, tokens: Collection[str], timeout_s: float = 30.0) -> list[Event]:
    """Pump until these requests have ended, restarting what dies, and return all that happened."""
    import time

    assert isinstance(executor, ResidentExecutor)
    deadline = time.monotonic() + timeout_s
    waiting, seen = set(tokens), list[Event]()
    while waiting:
        assert time.monotonic() < deadline, (
            f"{waiting} did not end within {timeout_s} s; the last: {seen[-3:]}"
        )
        for event in executor.pump(0.5):
            seen.append(event)
            if event.kind == "died":
                executor.restart(event.token, event.element)
            if event.kind == "ended" and event.element < 0:
                waiting.discard(event.token)
    return seen
