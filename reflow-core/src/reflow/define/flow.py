"""A flow: tasks that can be included elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from reflow.define.settings import check_code, check_name
from reflow.define.task import Inclusion, TaskSpec, binding, read_task
from reflow.errors import DefinitionError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from reflow.define.settings import JobArguments, TaskArguments

Function = TypeVar("Function", bound=Callable[..., Any])


class _Included:
    __slots__ = ("code", "flow", "params", "prefix")

    def __init__(self, flow: Flow, prefix: str | None, params: Mapping[str, object], code: str) -> None:
        self.flow = flow
        self.prefix = prefix
        self.params = params
        self.code = code


class Flow:
    """A set of tasks that can be included in other flows and in workflows.

    Args:
        name: Letters, digits and ``._-``. It is part of the identity of what its tasks return.
        code: The ``code`` of tasks that say nothing about it themselves. See `job`.
    """

    def __init__(self, name: str, *, code: str | None = None) -> None:
        self.name = check_name("flow", name)
        self._code = "" if code is None else check_code("code", code)
        self._entries: list[TaskSpec | _Included] = []
        self._includes: list[Flow] = []
        self._changes = 0
        self._flat: dict[str, TaskSpec] = {}
        self._flat_revision = 0

    @property
    def tasks(self) -> dict[str, TaskSpec]:
        """All its tasks by name, those of included flows among them, in order of registration."""
        revision = self._revision()
        if revision != self._flat_revision:
            self._flat = self._flatten()
            self._flat_revision = revision
        return self._flat

    @overload
    def job(self, function: Function, /) -> Function: ...
    @overload
    def job(self, /, **settings: Unpack[JobArguments]) -> Callable[[Function], Function]: ...
    def job(self, function: Any = None, /, **settings: Any) -> Any:
        """Make a task of a function, which stays as it is: ``@wf.job`` or ``@wf.job(cpus=4)``.

        Args:
            name: What the task is called; the function's name, if not given.
            cpus, mem, time, gpus, nodes, ntasks: What each instance asks for, as Slurm spells it.
            partition (or queue), account, qos: Where it runs.
            after: Tasks that must have ended well before, whose values it does not take.
            version: Raise it when the function's meaning changes: earlier results are not reused then.
            cache: Whether an earlier result may be reused at all.
            code: What changed code does to reuse: ``"warn"`` (reuse and say so), ``"auto"`` (run again),
                ``"version"`` (nothing).
            verify: What checks a kept output: a function of the output, or a verifier's name.
            retries: How often a failed instance is tried again by itself.
            requeue: Whether the scheduler may start it again after a node failed.
            track: How Paths in its output are told from what they were: ``"stat"``, ``"content"``, ``"path"``.
            array: Makes an array task of it.
            array_parallelism: (arrays) How many instances may run at once.
            pack, workers: (arrays) Instances per element of the scheduler's array, and how many run at a time in it.
            submit_options: Further options for the scheduler, as they are: ``["--constraint=gpu"]``.

        Raises:
            DefinitionError: The signature or an argument cannot be right, or there is no such argument.
        """
        array = settings.get("array", False)
        if not isinstance(array, bool):
            raise DefinitionError(f"array={array!r}: it is True or False")
        return self._decorator(function, settings, array=array, frame=sys._getframe(1))

    @overload
    def array_job(self, function: Function, /) -> Function: ...
    @overload
    def array_job(self, /, **settings: Unpack[TaskArguments]) -> Callable[[Function], Function]: ...
    def array_job(self, function: Any = None, /, **settings: Any) -> Any:
        """Make an array task of a function: it runs once for each element of what comes in. See `job`."""
        if "array" in settings:
            raise DefinitionError("@array_job takes no argument 'array': it always makes an array task")
        return self._decorator(function, settings, array=True, frame=sys._getframe(1))

    def include(
        self, flow: Flow, prefix: str | None = None, params: Mapping[str, object] | None = None
    ) -> None:
        """Take in the tasks of another flow.

        Steps and ``after`` that name a task of that flow follow its new name. Tasks that are added to it
        later are taken in too.

        Args:
            prefix: Task ``t`` becomes ``prefix_t``; so a flow can be included several times.
            params: Values for some of its parameters, which are then asked for no more.

        Raises:
            DefinitionError: Names collide, a parameter is unknown, or a flow would include itself.
        """
        if not isinstance(flow, Flow):
            raise DefinitionError(f"include() takes a Flow, not {flow!r}")
        if params is not None and not isinstance(params, Mapping):
            raise DefinitionError(f'include(params={params!r}): write a dict, such as {{"model": "era5"}}')
        if flow is self or self in flow._below():
            raise DefinitionError(
                f"flow {flow.name!r} cannot be included in {self.name!r}: it would hold itself"
            )
        if prefix is not None:
            check_name("prefix", prefix)
        included = _Included(flow, prefix, dict(params or {}), self._code)
        _check_params(included)
        known = dict(self.tasks)
        for spec in _renamed_tasks(included):
            _add(known, spec, self.name)
        self._entries.append(included)
        self._includes.append(flow)
        self._changes += 1

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _registered(self, spec: TaskSpec) -> None:
        """Called for each task of its own; a `Workflow` looks at its wiring here."""

    def _decorator(self, function: Any, settings: dict[str, Any], *, array: bool, frame: FrameType) -> Any:
        if function is not None:
            if isinstance(function, str):
                raise DefinitionError(
                    f"write @{self.name}.job(name={function!r}): the name is given as name="
                )
            return self._register(function, settings, array=array, frame=frame)

        def decorate(function: Function) -> Function:
            return self._register(function, settings, array=array, frame=sys._getframe(1))

        return decorate

    def _register(
        self, function: Function, settings: dict[str, Any], *, array: bool, frame: FrameType
    ) -> Function:
        spec = read_task(self.name, function, frame, array=array, arguments=settings, code=self._code)
        tasks = self.tasks
        earlier = tasks.get(spec.name)
        if earlier is not None and not self._replace(earlier, spec):
            _add(tasks, spec, self.name)
        if earlier is None:
            self._entries.append(spec)
        self._changes += 1
        tasks[spec.name] = spec
        self._flat_revision = self._revision()
        self._registered(spec)
        return function

    def _replace(self, earlier: TaskSpec, spec: TaskSpec) -> bool:
        """In a notebook, a cell that is run again defines the same task anew."""
        if not is_interactive() or earlier not in self._entries:
            return False
        self._entries[self._entries.index(earlier)] = spec
        return True

    def _revision(self) -> int:
        return self._changes + sum(flow._revision() for flow in self._includes)

    def _below(self) -> Iterator[Flow]:
        for flow in self._includes:
            yield flow
            yield from flow._below()

    def _flatten(self) -> dict[str, TaskSpec]:
        found: dict[str, TaskSpec] = {}
        for entry in self._entries:
            for spec in _renamed_tasks(entry) if isinstance(entry, _Included) else (entry,):
                _add(found, spec, self.name)
        return found


def is_interactive() -> bool:
    """Whether a person types at this process: a prompt or a notebook."""
    return hasattr(sys, "ps1")


def _add(tasks: dict[str, TaskSpec], spec: TaskSpec, flow: str) -> None:
    if earlier := tasks.get(spec.name):
        raise DefinitionError(
            f"flow {flow!r} has two tasks called {spec.name!r}: {earlier.where} and {spec.where}\n"
            "  rename one with name=, or include its flow with prefix="
        )
    tasks[spec.name] = spec


def _renamed_tasks(included: _Included) -> Iterator[TaskSpec]:
    tasks = included.flow.tasks
    names = {n: check_name("task", f"{included.prefix}_{n}") if included.prefix else n for n in tasks}
    functions = tasks_by_function(tasks)
    unique = {key: names[found[0]] for key, found in functions.items() if len(found) == 1}
    inclusion = Inclusion(names, unique, included.params, included.code)
    for name, spec in tasks.items():
        yield spec.included(names[name], inclusion)


def tasks_by_function(tasks: Mapping[str, TaskSpec]) -> dict[int, list[str]]:
    """Return the names of the tasks that each function stands for, by the function's ``id``."""
    found: dict[int, list[str]] = {}
    for name, spec in tasks.items():
        found.setdefault(id(spec.function), []).append(name)
    return found


def _check_params(included: _Included) -> None:
    if not included.params:
        return
    known = {binding(p, name): None for name, spec in included.flow.tasks.items() for p in spec.parameters}
    for name in included.params:
        if name not in known:
            from reflow.define.names import did_you_mean

            hint = did_you_mean(name, [n for n in known if n])
            raise DefinitionError(f"flow {included.flow.name!r} has no parameter {name!r}{hint}")
