"""A run on a cluster in memory, submitted as users do, whose time goes by only when it is told to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reflow import Run, Workflow
from reflow.run.advance import advance_for
from reflow.run.clock import kept_by
from reflow.run.opened import OpenRun
from reflow.rundir.layout import RunPaths, run_paths
from reflow.rundir.runfile import read_run
from reflow.testing.cluster import Cluster, Element, Life
from reflow.testing.cluster_executor import ClusterExecutor
from reflow.testing.cluster_jobs import Jobs
from reflow.testing.memory import MemoryStore
from reflow.worker.load import load_run_here

DAY_S = 86400.0


class MemorySite:
    """A cluster in memory with a store; several runs may be on it, one after the other."""

    def __init__(self, name: str, slots: int = 8) -> None:
        self.cluster = Cluster(self._launch, slots=slots)
        self.store = MemoryStore(f"memory://{name}")
        self._jobs: dict[str, Jobs] = {}

    def submit(self, workflow: Workflow, folder: Path, **given: Any) -> Run:
        """Submit a workflow; its clock must be the cluster's."""
        return workflow.submit(folder, executor=ClusterExecutor(self.cluster), store=self.store, **given)

    def opened(self, paths: RunPaths) -> OpenRun:
        """Open a run, as each process does for itself."""
        return OpenRun(paths, read_run(paths), self.store, lambda: ClusterExecutor(self.cluster))

    @contextlib.contextmanager
    def clock(self) -> Iterator[Cluster]:
        """Keep the time of the cluster for the length of a ``with``."""
        with kept_by(self.cluster):
            yield self.cluster

    def come_to_an_end(self, days: int = 10) -> None:
        """Let time pass until no job is left."""
        for _ in range(4 * days):
            if not self.cluster.active:
                return
            self.cluster.run_for(DAY_S / 4)
        raise AssertionError(f"jobs are left: {[e.request.name for e in self.cluster.active]}")

    def _launch(self, element: Element) -> Life:
        root = element.request.directory.rpartition(f"{os.sep}jobs{os.sep}")[0]
        if root not in self._jobs:
            run_dir, _, run_id = root.rpartition(f"{os.sep}.reflow{os.sep}")
            paths = run_paths(run_dir, run_id)
            self._jobs[root] = Jobs(load_run_here(root), lambda token: advance_for(self.opened(paths), token))
        return self._jobs[root].launch(element)
