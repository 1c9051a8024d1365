"""One task of a flow: a function with its settings and its signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from reflow.define.hints import Scope
from reflow.define.markers import MISSING, Param, Result
from reflow.define.settings import TaskSettings, check_name, read_settings
from reflow.define.signature import ParameterSpec, read_signature, resolve_return, unwrapped
from reflow.errors import DefinitionError

if TYPE_CHECKING:
    from reflow.define.markers import TaskRef


class Inclusion:
    """How the tasks of a flow change when another one includes it.

    Attributes:
        names: What each of its tasks is called there.
        functions: The same by the ``id`` of its function, where that names one task.
        bound: Values of parameters that are not asked for any more.
        code: What changed code does to the reuse of tasks about which nothing else was said.
    """

    __slots__ = ("bound", "code", "functions", "names")

    def __init__(
        self,
        names: Mapping[str, str],
        functions: Mapping[int, str],
        bound: Mapping[str, object],
        code: str,
    ) -> None:
        self.names = names
        self.functions = functions
        self.bound = bound
        self.code = code

    def renamed(self, refs: tuple[TaskRef, ...]) -> tuple[TaskRef, ...]:
        """Return references to tasks as they are called there; others stay as they are."""
        return tuple(self._renamed(ref) for ref in refs)

    def _renamed(self, ref: TaskRef) -> TaskRef:
        if isinstance(ref, str):
            return self.names.get(ref, ref)
        return self.functions.get(id(ref), self.functions.get(id(unwrapped(ref)), ref))


class TaskSpec:
    """One decorated function of a flow.

    Attributes:
        name: What it is called in the flow that holds it, prefixes included.
        key: The defining flow's name and the unprefixed task name, as ``flow.task``.
        function: The function, unchanged.
        array: Whether it runs once per element.
        returns: What it returns, resolved; `MISSING` while a name in it is unknown.
        file, line: Where it is defined.
        doc: The first line of its docstring.
    """

    __slots__ = (
        "_inclusion", "_origin", "_return_problem", "_returns_hint", "_scope", "array", "doc", "file", "function",
        "key", "line", "name", "parameters", "returns", "settings",
    )  # fmt: skip

    name: str
    key: str
    function: Callable[..., Any]
    array: bool
    settings: TaskSettings
    parameters: tuple[ParameterSpec, ...]
    returns: object
    file: str
    line: int
    doc: str
    _scope: Scope | None
    _returns_hint: object
    _return_problem: str
    _origin: TaskSpec | None
    _inclusion: Inclusion | None

    @property
    def where(self) -> str:
        """The file and line of its definition, for messages."""
        return f"{self.file}:{self.line}"

    def resolve(self) -> tuple[str, ...]:
        """Look up names that were unknown at decoration, and return what is unknown still, in words.

        Raises:
            DefinitionError: An annotation turned out to be one that can never be right.
        """
        if self._origin is not None and self._inclusion is not None:
            if self.is_resolved:
                return ()
            problems = self._origin.resolve()
            _adopt(self, self._origin, self._inclusion)
            return problems
        if self.is_resolved or self._scope is None:
            return self._problems()
        self._resolve_now(self._scope)
        return self._problems()

    @property
    def is_resolved(self) -> bool:
        """Whether every name in its annotations is known."""
        return not self._return_problem and all(p.kind != "unresolved" for p in self.parameters)

    def included(self, name: str, inclusion: Inclusion) -> TaskSpec:
        """Return this task as a flow that includes its flow holds it."""
        made = TaskSpec.__new__(TaskSpec)
        for slot in ("key", "function", "array", "file", "line", "doc", "_returns_hint"):
            setattr(made, slot, getattr(self, slot))
        made.name, made._scope, made._origin, made._inclusion = name, None, self, inclusion
        _adopt(made, self, inclusion)
        return made

    def __getstate__(self) -> dict[str, object]:
        """A task travels with its resolved hints, and without the namespaces they came from."""
        self.resolve()
        left_behind = ("_scope", "_origin", "_inclusion")
        return {s: None if s in left_behind else getattr(self, s) for s in self.__slots__}

    def __setstate__(self, state: dict[str, object]) -> None:
        for slot, value in state.items():
            setattr(self, slot, value)

    def __repr__(self) -> str:
        return f"TaskSpec({self.name!r}, {self.where})"

    def _problems(self) -> tuple[str, ...]:
        found = [f"parameter {p.name!r}: {p.problem}" for p in self.parameters if p.kind == "unresolved"]
        return (*found, self._return_problem) if self._return_problem else tuple(found)

    def _resolve_now(self, scope: Scope) -> None:
        names = scope.names()
        for parameter in self.parameters:
            if parameter.kind == "unresolved":
                parameter.resolve(names)
                _check_parameter(parameter, array=self.array)
        if self.returns is MISSING:
            self.returns, self._return_problem = resolve_return(self._returns_hint, names)
        if self.is_resolved:
            self._scope = None  # let go of the frame


def read_task(
    flow: str,
    function: Callable[..., Any],
    frame: FrameType | None,
    *,
    array: bool,
    arguments: Mapping[str, Any],
    code: str = "",
) -> TaskSpec:
    """Return the task that a decorated function is.

    Args:
        flow: The name of the defining flow.
        frame: Whose locals the annotations may name.
        code: What changed code does to its reuse, unless the arguments say so.

    Raises:
        DefinitionError: The function or an argument cannot be right; the message says where.
    """
    spec = TaskSpec.__new__(TaskSpec)
    spec.function, spec.array = function, array
    name = arguments.get("name", getattr(function, "__name__", None))
    try:
        scope = Scope(unwrapped(function), frame)
        spec.parameters, spec._returns_hint = read_signature(function, scope)
        spec.name = check_name("task", name)
        spec.key = f"{flow}.{spec.name}"
        settings = {k: v for k, v in arguments.items() if k not in ("name", "array")}
        read = read_settings(settings, array=array)
        spec.settings = read._replace(code=read.code or code)
        _read_function(spec, scope)
    except DefinitionError as error:
        what = f"task {name!r}" if isinstance(name, str) else repr(function)
        raise DefinitionError(f"{what}: {error}\n  --> {_where(function)}") from error
    return spec


def _read_function(spec: TaskSpec, scope: Scope) -> None:
    plain = unwrapped(spec.function)
    for parameter in spec.parameters:
        _check_parameter(parameter, array=spec.array)
    spec.returns, spec._return_problem = resolve_return(spec._returns_hint, scope.names())
    spec._scope = None if spec.is_resolved else scope
    spec._origin = spec._inclusion = None
    spec.file, spec.line = plain.__code__.co_filename, plain.__code__.co_firstlineno
    spec.doc = next(iter((plain.__doc__ or "").strip().splitlines()), "")


def _adopt(made: TaskSpec, origin: TaskSpec, inclusion: Inclusion) -> None:
    """Take over what may change: hints that were resolved meanwhile, steps, bound values."""
    made.returns, made._return_problem = origin.returns, origin._return_problem
    made.settings = origin.settings._replace(
        after=inclusion.renamed(origin.settings.after), code=origin.settings.code or inclusion.code
    )
    made.parameters = tuple(_included(p, origin.name, inclusion) for p in origin.parameters)


def _included(parameter: ParameterSpec, task: str, inclusion: Inclusion) -> ParameterSpec:
    made = parameter.copy()
    if isinstance(made.marker, Result):
        made.marker = made.marker.renamed(inclusion.renamed(made.marker.steps))
    elif (name := binding(made, task)) and name in inclusion.bound:
        made.bound = inclusion.bound[name]
    return made


def binding(parameter: ParameterSpec, task: str) -> str | None:
    """Return the name by which ``include(params=...)`` binds a parameter, or None when it cannot be bound."""
    if parameter.bound is not MISSING or parameter.kind not in ("param", "unresolved"):
        return None
    is_local = isinstance(parameter.marker, Param) and parameter.marker.namespace == "local"
    return f"{task}_{parameter.name}" if is_local else parameter.name


def _check_parameter(parameter: ParameterSpec, *, array: bool) -> None:
    if isinstance(parameter.marker, Result) and parameter.marker.broadcast and not array:
        raise DefinitionError(
            f"parameter {parameter.name!r} says broadcast=True, which only an array task can; leave it out"
        )


def _where(function: Any) -> str:
    code = getattr(unwrapped(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)
