"""A run that exists, with what is needed to look at it or to move it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reflow.errors import ReflowError, RunDirError
from reflow.filesystem.files import make_directory
from reflow.filesystem.locks import BEAT_S, Holder
from reflow.run.seldom import Seldom
from reflow.rundir.boot import serve_argv
from reflow.rundir.layout import RunPaths
from reflow.rundir.lease import has_died
from reflow.rundir.runfile import damaged_run
from reflow.view.words import quoted

if TYPE_CHECKING:
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Ledger, Store
    from reflow.graph.model import Graph

ASK_AGAIN_S = 30.0  #: how long a scheduler's answer about somebody else's job is good enough


class OpenRun:
    """One run, opened by `reflow.compose`; what it holds is read when it is first asked for.

    Attributes:
        info: What run.json says.
        store: Keeps its ledger and the results.
        listed: Whether its id alone leads to it, by the user's list of runs.
        passed_over: The id of a newer run that was meant first, whose directory is not there.
    """

    def __init__(
        self,
        paths: RunPaths,
        info: dict[str, Any],
        store: Store,
        executor: Callable[[], Executor],
        *,
        listed: bool = True,
    ) -> None:
        self.paths = paths
        self.info = info
        self.store = store
        self.listed = listed
        self.passed_over: str | None = None
        self._make_executor = executor
        self._executor: Executor | None = None
        self._graph: Graph | None = None
        self._ledger: Ledger | None = None
        #: Whether a batch job has certainly ended, by the word of the run's scheduler.
        self.is_over: Seldom[str] = Seldom(self._is_over, ASK_AGAIN_S)
        #: Whether a holder of the lease is silent so long that another may take its place: to tell, a file is made.
        self.has_died: Seldom[Holder] = Seldom(lambda one: has_died(paths, one, self.is_over), BEAT_S)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.paths.run_id

    @property
    def remedy(self) -> str:
        """What its user can type when nobody advances it any more."""
        return f"go on with: {self.typed('advance')}"

    def typed(self, command: str) -> str:
        """Return the line of a command for this run, ready to paste."""
        where = "" if self.listed else f" --run-dir {quoted(self.paths.run_dir)}"
        return f"reflow {command} {self.id}{where}"

    @property
    def workflow(self) -> str:
        """The name of its workflow."""
        return str(self.info["workflow"])

    @property
    def graph(self) -> Graph:
        """Its tasks and their wiring, from the manifest alone."""
        if self._graph is None:
            from reflow.graph.manifest import from_manifest  # to be looked at a run need not be known so well

            try:
                self._graph = from_manifest(self.info["manifest"])
            except RunDirError as error:
                raise RunDirError(f"{self.paths.run_json}: {error}") from error
            except (KeyError, TypeError, AttributeError) as error:
                raise damaged_run(self.paths, f"its manifest is none ({error!r})") from error
        return self._graph

    @property
    def executor(self) -> Executor:
        """What runs its instances."""
        if self._executor is None:
            self._executor = self._make_executor()
        return self._executor

    def _is_over(self, job: str) -> bool:
        try:
            return self.executor.is_over(job)
        except ReflowError:
            return False

    @property
    def is_resident(self) -> bool:
        """Whether its workers live in a driver, so that whoever advances it must stay."""
        return bool(self.info["executor"]["resident"])

    @property
    def serve_argv(self) -> list[str]:
        """The command of its resident workers."""
        return serve_argv(self.info["python"], self.paths.root)

    @property
    def ledger(self) -> Ledger:
        """Its state, for reading."""
        if self._ledger is None:
            self._ledger = self.store.open_ledger(self.paths.root)
        return self._ledger

    def open_ledger_to_write(self) -> Ledger:
        """Return its state for writing; the caller closes it and holds the lease."""
        return self.store.open_ledger(self.paths.root, write=True)

    def make_driver_log(self) -> str:
        """Return where a driver and its workers write what is no task's, its folder made: `store gc` takes that away.

        Raises:
            OSError: The folder cannot be made.
        """
        make_directory(self.paths.logs)
        return self.paths.driver_log

    def close(self) -> None:
        """Let go of the ledger."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
