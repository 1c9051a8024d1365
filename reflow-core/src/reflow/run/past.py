"""What earlier runs made and were given, as far as that is still there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from reflow.errors import ReflowError
from reflow.model.records import EarlierResult, FoundResult, InstanceRow, RunEntry
from reflow.model.states import InstanceState
from reflow.run.clock import now_ms
from reflow.run.current import current_results
from reflow.run.logs import inputs_of
from reflow.run.opened import OpenRun
from reflow.run.shared_results import SharedResults
from reflow.rundir.layout import run_paths
from reflow.rundir.runfile import read_run

if TYPE_CHECKING:
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store

_LAST_RUNS = 5  #: that are looked at for what left no result
_DONE = frozenset({InstanceState.SUCCEEDED, InstanceState.FAILED})


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
        self._listed: Sequence[RunEntry] = ()
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
        self._listed = self.results.runs()
        for entry in self._listed:
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

    def without_result(self, row: InstanceRow) -> str:
        """Say why the last run that did the work of an instance has left no result of it; empty where none did.

        No store has that: the last runs of the workflow are looked at, and there the instance of the same index.
        """
        for run_id in self._before():
            if (run := self.opened(run_id)) is not None and (why := _without_result(run, row)) is not None:
                return why and f"run {run_id} did the same work, {why}"
        return ""

    def _before(self) -> list[str]:
        """Return the last few runs of the workflow that were submitted before this one, newest first."""
        self._read_list()
        created = self._run.ledger.overview().created
        own = [one for one in self._listed if one.workflow == self._run.workflow and one.created <= created]
        return [one.run_id for one in own if one.run_id != self._run.id][:_LAST_RUNS]

    def source_of(self, row: InstanceRow) -> FoundResult | None:
        """Return the result that a reused instance took, if it is still the newest of its maker."""
        identities = [row.identity]
        found = current_results(self._run.graph, self.results, {row.task: identities})[row.task]
        candidates = [*found.values(), *(self.results.by_makers(identities) or {}).get(row.identity, [])]
        return next((one for one in candidates if one.output == row.output), None)

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


def _without_result(run: OpenRun, row: InstanceRow) -> str | None:
    """Return None where a run has not done the work of an instance of another; else what became of that, if known."""
    try:
        found = run.ledger.instances(row.task, _DONE, {row.index})
        if not found or found[0].identity != row.identity:
            return None
        if found[0].state is InstanceState.FAILED:
            return "and it failed"
        why = why_unusable(run, found[0])
        return why and f"but what it made is not reusable: {why}"
    except ReflowError:
        return None


def why_unusable(run: OpenRun, row: InstanceRow) -> str:
    """Return why no other run may use what an instance returned; empty where that may be used, or is not known."""
    tried = run.ledger.attempts(row.task, {InstanceState.SUCCEEDED}, {row.index})
    return next((one.reason or "" for one in tried if one.attempt == row.attempt), "")


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
