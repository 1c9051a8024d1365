"""A workflow: a flow that can be submitted."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from reflow.define.flow import Flow, is_interactive

LOADING = "REFLOW_LOADING"  #: set in the environment while a worker imports the flow's file

if TYPE_CHECKING:
    from reflow.contracts.adapter import Adapter
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store
    from reflow.define.task import TaskSpec
    from reflow.graph.code import Code
    from reflow.graph.model import Graph
    from reflow.run.handle import Run
    from reflow.run.submit import SubmitRequest


class Workflow(Flow):
    """A set of tasks that can be checked, drawn, described and submitted.

    Args:
        name: Letters, digits and ``._-``; part of the identity of what its own tasks return.
        code: The ``code`` of tasks that say nothing about it themselves. See `Flow.job`.
    """

    def __init__(self, name: str, *, code: str | None = None) -> None:
        self._module = sys._getframe(1).f_globals.get("__name__", "__main__")
        if not os.environ.get(LOADING):
            from reflow.cli.uncaught import speak_plainly

            speak_plainly()
        if is_interactive():
            from reflow.rundir.loaded import outdated

            outdated()  # what is edited from here on, and not loaded again, is noticed
        super().__init__(name, code=code)
        self._graph: tuple[int, Graph] | None = None

    def cli(self, argv: Sequence[str] | None = None, prog: str | None = None) -> int:
        """Carry out a command line (default: that of this process) and return the exit code."""
        from reflow.cli.main import main

        _end_of_definitions()
        return main(self, argv, prog)

    @overload
    def submit(
        self,
        run_dir: str | os.PathLike[str] | None = None,
        *,
        executor: str | Executor | None = None,
        store: str | Store | None = None,
        profile: str | None = None,
        force: bool = False,
        force_tasks: Iterable[str] = (),
        verify: bool = False,
        dry_run: Literal[False] = False,
        wait: bool = False,
        params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Run: ...
    @overload
    def submit(
        self,
        run_dir: str | os.PathLike[str] | None = None,
        *,
        executor: str | Executor | None = None,
        store: str | Store | None = None,
        profile: str | None = None,
        force: bool = False,
        force_tasks: Iterable[str] = (),
        verify: bool = False,
        dry_run: Literal[True],
        wait: bool = False,
        params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None: ...
    def submit(
        self,
        run_dir: str | os.PathLike[str] | None = None,
        *,
        executor: str | Executor | None = None,
        store: str | Store | None = None,
        profile: str | None = None,
        force: bool = False,
        force_tasks: Iterable[str] = (),
        verify: bool = False,
        dry_run: bool = False,
        wait: bool = False,
        params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Run | None:
        """Start a run and return its handle at once; only ``executor="inline"`` runs it here and now.

        Args:
            run_dir: Where its files go; default: ``[defaults] run_dir``, else ``./runs/<workflow>``.
            executor, store: A name, an address or an object; default: as configured.
            profile: A ``[profile.NAME]`` of the configuration.
            force: Run everything, reuse nothing.
            force_tasks: Run these tasks in any case.
            verify: Check that what is reused still holds.
            dry_run: Print what would be done, do nothing, and return None.
            wait: Return when the run is over.
            params: Parameters whose names are arguments here, such as ``status``; others may stand here too.
            **kwargs: The other parameters.

        Raises:
            WiringError: The tasks do not fit together.
            ParameterError: A parameter is missing, unknown or mistyped.
            UsageError: One of the arguments above is mistyped, or the configuration is wrong.
            UnknownTask: ``force_tasks`` names what is no task.
            PluginError: There is no such executor or store, or it cannot be loaded.
            OutOfReach: The run directory cannot be written, or the store is damaged or of a newer version.
        """
        from reflow.compose.submission import submit_request
        from reflow.config.settings import executor_choice, load_settings
        from reflow.errors import ParameterError
        from reflow.graph.given import given_parameters
        from reflow.run.arguments import check_arguments, names_of

        _end_of_definitions()
        check_arguments(run_dir=run_dir, executor=executor, store=store, profile=profile, params=params)
        check_arguments(force=force, verify=verify, dry_run=dry_run, wait=wait)
        if params and (twice := params.keys() & kwargs):
            raise ParameterError(f"{min(twice)} is given in params= and as an argument too; leave one out")
        settings = load_settings(profile)
        dry_run = dry_run or (executor is None and executor_choice(settings)[1])
        request = submit_request(
            self,
            settings,
            given_parameters(self.graph(), self.tasks, {**(params or {}), **kwargs}, _find_adapter),
            run_dir=None if run_dir is None else os.fspath(run_dir),
            executor=executor,
            store=store,
            force=force,
            force_tasks=names_of("force_tasks", force_tasks),
            verify=verify,
            dry_run=dry_run,
        )
        if dry_run:
            _show_plan(request)
            return None
        return self._start(request, wait=wait)

    def _start(self, request: SubmitRequest, *, wait: bool) -> Run:
        from reflow.run.handle import Run, go_on
        from reflow.run.interrupt import Interrupts
        from reflow.run.submit import create
        from reflow.rundir.messages import told
        from reflow.view.words import printable

        with Interrupts() as interrupts:
            run = create(request, interrupts.aim)
            before = told(run.paths)  # that was said when it was noticed
            go_on(run, wait=wait)
        handle = Run(run, self.decode)
        if wait:
            handle.wait()
        for message in told(run.paths):
            if message not in before:
                print(printable(message), file=sys.stderr)
        return handle

    def open_run(self, run: str, run_dir: str | os.PathLike[str] | None = None) -> Run:
        """Return the handle of a run of this workflow; its results have the types of the annotations.

        Args:
            run: Its id, a unique part of it, or ``@last``, the newest of this workflow.
            run_dir: Where it is; default: the user's list of runs says.

        Raises:
            UnknownRun: There is none, several are meant, or it is a run of another workflow.
            OutOfReach: The list of runs or the run cannot be read.
        """
        from reflow.compose.runs import open_run
        from reflow.errors import UnknownRun
        from reflow.run.arguments import check_arguments
        from reflow.run.handle import Run

        check_arguments(run=run, run_dir=run_dir)
        place = None if run_dir is None else os.fspath(run_dir)
        found = open_run(run, run_dir=place, workflow=self.name)
        if found.workflow != self.name:
            raise UnknownRun(
                f"run {found.id} is one of workflow {found.workflow!r}, not of {self.name!r}\n"
                f"open it with: reflow.open_run({found.id!r})"
            )
        return Run(found, self.decode)

    def validate(self) -> None:
        """Check how the tasks fit together.

        Raises:
            WiringError: All that does not fit, in one report.
        """
        self.graph()

    def describe(self) -> dict[str, Any]:
        """Return the workflow as JSON: all that a command line or a server needs without importing it.

        Raises:
            WiringError: The tasks do not fit together.
        """
        from reflow.graph.manifest import to_manifest

        return to_manifest(self.graph(hashes=True))

    def manifest(self) -> dict[str, Any]:
        """Return `describe` without the hashes of the source, which takes less time."""
        from reflow.graph.manifest import to_manifest

        return to_manifest(self.graph())

    def graph(self, *, hashes: bool = False) -> Graph:
        """Return the checked graph; with ``hashes``, what identifies the source of each task too.

        Raises:
            WiringError: All that does not fit, in one report.
        """
        from reflow.graph.build import build
        from reflow.graph.nodes import hashed

        if self._graph is None or self._graph[0] != self._revision():
            self._graph = (self._revision(), build(self, _find_adapter, _find_verifier))
        graph = self._graph[1]
        return hashed(graph, self.codes()) if hashes else graph

    def codes(self) -> dict[str, Code]:
        """Return the code that each task reaches, by the name of the task, as that is now.

        It is read anew each time: between two runs of one process a module may be loaded again, and a notebook's
        cells change what the names of others are.
        """
        from reflow.graph.code import codes_of

        return codes_of({name: spec.function for name, spec in self.tasks.items()})

    def locate(self) -> dict[str, Any]:
        """Return how a worker finds this workflow: by module and name, or as a pickle where it has none."""
        from reflow.define.locate import locate

        return locate(self, self._module)

    def decode(self, task: str, value: Any) -> Any:
        """Return what a task returned, from its tagged JSON, as its annotation says."""
        from reflow.values.codec import codec

        return codec(self.tasks[task].returns, _find_adapter).decode(value)

    def settle(self, key: str, tagged: Any) -> Any:
        """Return a parameter that was typed as its own type would have it: a record gets its defaults.

        Raises:
            ParameterError: The class of a record refuses it.
        """
        from reflow.graph.given import settled

        return settled(self.graph(), self.tasks, key, tagged, _find_adapter)

    def _registered(self, spec: TaskSpec) -> None:
        if is_interactive():  # in a notebook, what does not fit is said in the cell that defines it
            from reflow.graph.build import check_task

            if problems := check_task(self, spec.name, _find_adapter):
                from reflow.errors import WiringError

                raise WiringError(self.name, problems)


def _end_of_definitions() -> None:
    """End the import of a flow's file by a worker where the file itself would submit a run.

    Scripts are written without ``if __name__ == "__main__":`` too; each worker would start another run.
    """
    if os.environ.get(LOADING):
        from reflow.rundir.served import EndOfDefinitions

        raise EndOfDefinitions


def _find_adapter(annotation: object) -> Adapter | None:
    from reflow.registry.hooks import find_adapter

    return find_adapter(annotation)


def _find_verifier(annotation: object, name: str) -> str | None:
    from reflow.registry.hooks import find_verifier

    return find_verifier(annotation, name)


def _show_plan(request: SubmitRequest) -> None:
    from reflow.run.preview import preview
    from reflow.view.plan import plan_text
    from reflow.view.screen import screen_for

    plan = {**preview(request), "executor": request.backends.executor.name, "run_dir": request.run_dir}
    print(plan_text(plan, screen_for(sys.stdout), verbose=True))


def open_run(run: str, run_dir: str | os.PathLike[str] | None = None) -> Run:
    """Return the handle of any run; its results are decoded by what is stored, without its code.

    A dataclass comes back as a namespace of its fields, an Enum as its member's name.

    Args:
        run: Its id, a unique part of it, or ``@last``.
        run_dir: Where it is; default: the user's list of runs says.

    Raises:
        UnknownRun: There is none, or several are meant.
        OutOfReach: The list of runs or the run cannot be read.
    """
    from reflow.compose.runs import open_run as find
    from reflow.run.arguments import check_arguments
    from reflow.run.handle import Run
    from reflow.values.plain import decode_plain

    check_arguments(run=run, run_dir=run_dir)
    place = None if run_dir is None else os.fspath(run_dir)
    return Run(find(run, run_dir=place), lambda task, value: decode_plain(value))
