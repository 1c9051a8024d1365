"""A function's signature, read as the parameters of a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from reflow.define.hints import Names, Scope, resolve_hint, split_marker
from reflow.define.markers import MISSING, Param, Result, is_run_dir
from reflow.errors import DefinitionError

SECRET_WITH_CHOICES = "is secret and has choices that anybody can read; take the choices away"

_VARARGS, _VARKEYWORDS = 0x04, 0x08  # of `code.co_flags`
_COROUTINE, _ASYNC_GENERATOR = 0x80, 0x200


class ParameterSpec:
    """One parameter of a task.

    Attributes:
        kind: ``run_dir``, ``result`` or ``param``; ``unresolved`` while a name in its annotation is unknown.
        marker: Its `Param` or `Result`; None for ``run_dir``. A plain parameter has an empty `Param`.
        annotation: Its type, without the marker; `MISSING` while it is unresolved.
        default: What the signature gives, or `MISSING`.
        bound: What ``include(params=...)`` gives, or `MISSING`.
        hint: The annotation as it was written.
        problem: Why it is unresolved, or empty.
    """

    __slots__ = ("annotation", "bound", "default", "hint", "kind", "marker", "name", "problem")

    def __init__(self, name: str, hint: object, default: object = MISSING) -> None:
        self.name = name
        self.kind = "unresolved"
        self.marker: Param | Result | None = None
        self.annotation: object = MISSING
        self.default = default
        self.bound: object = MISSING
        self.hint = hint
        self.problem = ""

    def copy(self) -> ParameterSpec:
        """Return another of the same content."""
        made = ParameterSpec(self.name, self.hint, self.default)
        made.kind, made.marker, made.annotation = self.kind, self.marker, self.annotation
        made.bound, made.problem = self.bound, self.problem
        return made

    def resolve(self, names: Names) -> None:
        """Find out what it is; it stays ``unresolved``, with its problem, when a name is not there yet.

        Raises:
            DefinitionError: Its annotation can never be right.
        """
        if is_run_dir(self.default) and self.hint is MISSING:
            self.kind, self.annotation = "run_dir", self.default
            return
        try:
            resolved = resolve_hint(self.hint, names)
        except (NameError, AttributeError) as error:
            self.problem = f"the annotation {self.hint!r} cannot be resolved: {error}"
            return
        except Exception as error:
            raise DefinitionError(f"the annotation {self.hint!r} is no type: {error}") from error
        self._settle(*split_marker(resolved))

    def _settle(self, bare: object, marker: Param | Result | type | None) -> None:
        self.annotation, self.problem = bare, ""
        if is_run_dir(marker) or is_run_dir(self.default):
            if marker is not None and not is_run_dir(marker):
                raise DefinitionError(f"is {marker!r} and RunDir at once; keep one")
            self.kind, self.marker = "run_dir", None
        else:
            self.marker = marker if isinstance(marker, Param | Result) else Param()
            self.kind = "result" if isinstance(marker, Result) else "param"
        self._check_secret()

    def _check_secret(self) -> None:
        if not (isinstance(self.marker, Param) and self.marker.secret):
            return
        if self.default is not MISSING and self.default is not None:
            raise DefinitionError("is secret and has a default that anybody can read; take the default away")
        if self.marker.choices is not None:
            raise DefinitionError(SECRET_WITH_CHOICES)


def read_signature(function: Callable[..., Any], scope: Scope) -> tuple[tuple[ParameterSpec, ...], object]:
    """Return a function's parameters and its return annotation as it is written.

    Each parameter is resolved on its own, as far as names are known now.

    Raises:
        DefinitionError: The function cannot be a task: what stands in its signature says so.
    """
    plain = unwrapped(function)
    _check_kind(plain)
    hints = dict(plain.__annotations__)
    names = scope.names()
    parameters = tuple(_parameters(plain, hints, names))
    if "return" not in hints:
        raise DefinitionError("does not say what it returns; annotate it, with -> None if it returns nothing")
    return parameters, hints["return"]


def resolve_return(hint: object, names: Names) -> tuple[object, str]:
    """Return the type that a function returns, or `MISSING` and why it is not known.

    Raises:
        DefinitionError: The annotation can never be right.
    """
    try:
        bare, marker = split_marker(resolve_hint(hint, names))
    except (NameError, AttributeError) as error:
        return MISSING, f"the return annotation {hint!r} cannot be resolved: {error}"
    except DefinitionError:
        raise
    except Exception as error:
        raise DefinitionError(f"the return annotation {hint!r} is no type: {error}") from error
    if marker is not None:
        raise DefinitionError(f"returns {marker!r}; a marker belongs to a parameter")
    return bare, ""


def unwrapped(function: Callable[..., Any]) -> Any:
    """Return the function below decorators that follow `functools.wraps`."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def _check_kind(function: Any) -> None:
    code = getattr(function, "__code__", None)
    if code is None:
        raise DefinitionError(
            f"is {type(function).__name__!r}, not a function; write `def` below the decorator"
        )
    if code.co_flags & (_COROUTINE | _ASYNC_GENERATOR):
        raise DefinitionError("is async; a task is a plain `def` (call asyncio.run inside it)")
    if code.co_flags & _VARARGS:
        raise DefinitionError("takes *args; name each parameter, a list[...] can hold many values")
    if code.co_flags & _VARKEYWORDS:
        raise DefinitionError("takes **kwargs; name each parameter")
    if code.co_posonlyargcount:
        raise DefinitionError("has positional-only parameters; take the `/` out of its signature")


def _parameters(function: Any, hints: dict[str, object], names: Names) -> Iterator[ParameterSpec]:
    code = function.__code__
    positional, count = code.co_varnames[: code.co_argcount], code.co_argcount + code.co_kwonlyargcount
    given = function.__defaults__ or ()
    defaults = dict(zip(positional[len(positional) - len(given) :], given, strict=True))
    defaults.update(function.__kwdefaults__ or {})
    for name in code.co_varnames[:count]:
        spec = ParameterSpec(name, hints.get(name, MISSING), defaults.get(name, MISSING))
        try:
            _check_default(spec)
            spec.resolve(names)
        except DefinitionError as error:
            raise DefinitionError(f"parameter {name!r} {error}") from error
        yield spec


def _check_default(spec: ParameterSpec) -> None:
    if is_run_dir(spec.default):
        return
    if type(spec.default) in (Param, Result) or spec.default is Param or spec.default is Result:
        raise DefinitionError(
            f"has {spec.default!r} as its default; write {spec.name}: Annotated[T, {spec.default!r}]"
        )
    if spec.hint is MISSING:
        raise DefinitionError(f"has no annotation; write its type, such as {spec.name}: str")
