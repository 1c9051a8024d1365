"""Annotations as objects: resolving names, and finding the marker in them."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable, Iterator
from types import FrameType, SimpleNamespace
from typing import Any

from reflow.define.markers import Param, Result, is_run_dir
from reflow.errors import DefinitionError

_UNION_TYPE = getattr(types, "UnionType", typing.Union)


Names: typing.TypeAlias = "tuple[dict[str, object], dict[str, object]]"  # globals and locals


class Scope:
    """Where the names in a function's annotations are looked up.

    The frame of whoever decorates is kept, so that a class which is made further down in the same
    function is found when the graph is built.
    """

    __slots__ = ("_frame", "_function")

    def __init__(self, function: Callable[..., object], frame: FrameType | None) -> None:
        self._function = function
        outside = frame is None or frame.f_locals is frame.f_globals
        self._frame = None if outside else frame

    def names(self) -> Names:
        """Return what names mean there now."""
        return getattr(self._function, "__globals__", {}), self._locals()

    def _locals(self) -> dict[str, object]:
        found = dict(self._frame.f_locals) if self._frame is not None else {}
        for parameter in getattr(self._function, "__type_params__", ()):
            found[parameter.__name__] = parameter
        code = getattr(self._function, "__code__", None)
        for name, cell in zip(
            getattr(code, "co_freevars", ()), getattr(self._function, "__closure__", None) or (), strict=False
        ):
            try:
                found[name] = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
        return found


def resolve_hint(hint: object, names: Names) -> object:
    """Return an annotation as an object, with `Annotated` kept.

    Each is resolved on its own and without its default: on 3.10 a None default would hide `Annotated`
    inside `Optional`.

    Raises:
        NameError: A name in it is not there (yet); AttributeError for an attribute.
        Exception: Whatever else evaluating it raises.
    """
    if hint is None:
        return type(None)
    if type(hint) is type:
        return hint
    holder = SimpleNamespace(__annotations__={"hint": hint})
    found: object = typing.get_type_hints(holder, *names, include_extras=True)["hint"]
    return _resolve_inner(found, names) if sys.version_info < (3, 11) else found


def _resolve_inner(hint: Any, names: Names) -> Any:
    """Resolve the text in ``list["X"]``, which 3.10 leaves as it is."""
    origin = typing.get_origin(hint)
    if origin is None or origin is typing.Literal:
        return hint
    if origin is typing.Annotated:
        return typing.Annotated.__class_getitem__(
            (_resolve_inner(hint.__origin__, names), *hint.__metadata__)
        )
    inner = tuple(_resolve_argument(argument, names) for argument in hint.__args__)
    if inner == hint.__args__:
        return hint
    if origin in (typing.Union, _UNION_TYPE):
        return typing.Union[inner]
    return types.GenericAlias(origin, inner)


def _resolve_argument(argument: Any, names: Names) -> Any:
    return resolve_hint(argument, names) if isinstance(argument, str) else _resolve_inner(argument, names)


def split_marker(hint: object) -> tuple[object, Param | Result | type | None]:
    """Return an annotation without its marker, and the marker: a `Param`, a `Result`, `RunDir`, or None.

    A marker is found in ``Annotated[T, marker]``, and in one such member of a Union.

    Raises:
        DefinitionError: There are several markers, or one where it would be lost.
    """
    bare, markers = _split(hint)
    if is_run_dir(bare):
        markers.append(bare)
    if any(_markers_below(bare)):
        raise DefinitionError(
            "a marker inside a type is not seen; write Annotated[list[str], Result(...)], "
            "with the marker around the whole type"
        )
    if len(markers) > 1:
        raise DefinitionError(f"has {len(markers)} markers ({', '.join(map(repr, markers))}); keep one")
    return bare, markers[0] if markers else None


def _split(hint: object) -> tuple[object, list[typing.Any]]:
    while type(hint).__name__ == "TypeAliasType":
        hint = hint.__value__  # type: ignore[attr-defined]  # 3.12's `type X = ...`
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        bare, inner = _split(hint.__origin__)  # type: ignore[attr-defined]
        return bare, [*inner, *(_marker(m) for m in hint.__metadata__ if _is_marker(m))]  # type: ignore[attr-defined]
    if origin in (typing.Union, _UNION_TYPE):
        members = [_split(member) for member in typing.get_args(hint)]
        if run_dirs := [bare for bare, _ in members if is_run_dir(bare)]:
            return run_dirs[0], []
        found = [marker for _, markers in members for marker in markers]
        return (typing.Union[tuple(bare for bare, _ in members)] if found else hint), found
    return hint, []


def _is_marker(value: object) -> bool:
    return type(value) in (Param, Result) or value is Param or value is Result or is_run_dir(value)


def _marker(value: object) -> object:
    if value is Result:
        raise DefinitionError('says Result, which needs a task: write Result(step="name")')
    return Param() if value is Param else value


def _markers_below(hint: object) -> Iterator[object]:
    for inner in typing.get_args(hint):
        if typing.get_origin(inner) is typing.Annotated:
            yield from (m for m in inner.__metadata__ if _is_marker(m))
            yield from _markers_below(inner.__origin__)
        elif is_run_dir(inner):
            yield inner
        else:
            yield from _markers_below(inner)
