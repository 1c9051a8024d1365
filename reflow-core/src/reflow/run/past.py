"""What earlier runs made and were given, as far as that is still there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reflow.errors import ReflowError
from reflow.model.records import EarlierResult, FoundResult, InstanceRow
from reflow.run.clock import now_ms
from reflow.run.logs import inputs_of
from reflow.run.opened import OpenRun
from reflow.run.shared_results import SharedResults
from reflow.rundir.layout import run_paths
from reflow.rundir.runfile import read_run

if TYPE_CHECKING:
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store


class PastRuns:
    """A store, and the directories of the runs that it lists; what is gone is told as nothing.

    Attributes:
        results: The results that runs share; its ``trouble`` says why they are out of reach.
    """

    def __init__(self, store: Store, executor: Callable[[], Executor]) -> None:
        self.results = SharedResults(store, write=False)
        self._store = store
        self._executor = executor
        self._parameters: dict[str, dict[str, str]] = {}
        self._places: dict[str, str] | None = None
        self._opened: dict[str, OpenRun | None] = {}

    def parameters(self, run_id: str) -> Mapping[str, str]:
        """Return the parameters of a run by key, each as one line."""
        self._read_list()
        return self._parameters.get(run_id, {})

    def opened(self, run_id: str) -> OpenRun | None:
        """Return a run by its id; None when its directory is gone or cannot be read."""
        if run_id not in self._opened:
            self._opened[run_id] = self._open(run_id)
        return self._opened[run_id]

    def close(self) -> None:
        """Let go of the store and of the runs."""
        self.results.close()
        for run in self._opened.values():
            if run is not None:
                run.close()

    def _open(self, run_id: str) -> OpenRun | None:
        self._read_list()
        try:
            paths = run_paths((self._places or {})[run_id], run_id)
            run = OpenRun(paths, read_run(paths), self._store, self._executor)
            run.ledger.overview()
        except (KeyError, OSError, ReflowError):
            return None
        return run

    def _read_list(self) -> None:
        if self._places is not None:
            return
        self._places = {}
        for entry in self.results.runs():
            self._places[entry.run_id] = entry.run_dir
            self._parameters[entry.run_id] = shown_parameters(entry.parameters)


class Past(PastRuns):
    """What came before one run."""

    def __init__(self, run: OpenRun) -> None:
        super().__init__(run.store, lambda: run.executor)
        self._run = run

    def like(self, row: InstanceRow) -> list[EarlierResult]:
        """Return the results of an instance's task that were there when it was handed over, newest first.

        Of its own run only those are among them that are stale or of its own identity: what others made first is no
        earlier work.
        """
        key = self._run.graph.tasks[row.task].key
        found = self.results.earlier(key, row.index, self._decided(row), row.identity)
        return [
            one
            for one in found
            if one.context.run_id != self._run.id or one.stale is not None or one.identity == row.identity
        ]

    def source_of(self, row: InstanceRow) -> FoundResult | None:
        """Return the result that a reused instance took, if it is still the current one."""
        found = self.results.find([row.identity]).get(row.identity)
        return found if found is not None and found.output == row.output else None

    def given(self, result: EarlierResult) -> dict[str, str]:
        """Return what the instance that made a result was given, each value as one line."""
        run = self.opened(result.context.run_id)
        return {} if run is None else given(run, result.context.task, result.index, result.attempt)

    def opened(self, run_id: str) -> OpenRun | None:
        """Return a run by its id, this one as it is; None when its directory is gone or cannot be read."""
        return self._run if run_id == self._run.id else super().opened(run_id)

    def _decided(self, row: InstanceRow) -> int:
        """Return when it was decided that an instance must run."""
        found = self._run.ledger.submissions([row.submission]) if row.submission else []
        return found[0].created if found else now_ms()


def given(run: OpenRun, task: str, index: int, attempt: int) -> dict[str, str]:
    """Return what an attempt at an instance was given, each value as one line; empty when that is not kept."""
    try:
        tried = [one for one in run.ledger.attempts(task, (), {index}) if one.attempt == attempt]
        return inputs_of(run, tried[0]) if tried else {}
    except (ReflowError, OSError):
        return {}


def shown_parameters(parameters: str) -> dict[str, str]:
    """Return the parameters of an entry of the list of runs by key."""
    try:
        told = json.loads(parameters)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}
