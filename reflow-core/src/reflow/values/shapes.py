"""What an annotation asks for, as a tree that grammar and codec are made from."""

from __future__ import annotations

import collections.abc
import sys
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from reflow.errors import DefinitionError
from reflow.model.named_tuple import NamedTuple
from reflow.values.scalars import SCALARS, kind_of

if TYPE_CHECKING:
    from reflow.contracts.adapter import Adapter

    Adapters = Callable[[object], Adapter | None]

_UNIONS = (typing.Union, types.UnionType)
_LOOKED_THROUGH = ("Annotated", "Required", "NotRequired", "ReadOnly", "Final")
_CONTAINERS: dict[object, str] = {
    list: "list",
    collections.abc.MutableSequence: "list",
    set: "set",
    collections.abc.MutableSet: "set",
    frozenset: "frozenset",
    collections.abc.Sequence: "sequence",
    collections.abc.Collection: "iterable",
    collections.abc.Iterable: "iterable",
    collections.abc.Iterator: "iterable",
    collections.abc.Generator: "iterable",
    dict: "dict",
    collections.abc.Mapping: "dict",
    collections.abc.MutableMapping: "dict",
}


class Shape(NamedTuple):
    """One annotation, taken apart.

    Attributes:
        kind: As in the grammar; ``named`` holds a type alias, ``again`` refers to the one that it stands within.
        type: The class, the adapter, the values of a Literal, or what ``named`` and ``again`` are known by.
        parts: Items, key and value, or the members of a union.
        fields: Of a record or TypedDict: shape and whether it must be there.
    """

    kind: str
    type: Any = None
    parts: tuple[Shape, ...] = ()
    fields: dict[str, tuple[Shape, bool]] = {}  # noqa: RUF012  # a default of a tuple; nobody writes to it


def no_adapters(annotation: object) -> Adapter | None:
    """Know no adapter for any type."""
    return None


def shape_of(annotation: Any, adapters: Adapters = no_adapters, within: tuple[Any, ...] = ()) -> Shape:
    """Return the shape of a resolved annotation.

    Raises:
        DefinitionError: reflow does not know the type, and there is no adapter for it.
    """
    if annotation in within:
        return Shape("again", annotation)
    if annotation is None or annotation is type(None):
        return Shape("none")
    if annotation is Any or annotation is object:
        return Shape("any")
    if isinstance(annotation, (str, typing.ForwardRef)):
        raise DefinitionError(
            f"the name in the annotation {annotation!r} is not known; write the type itself"
        )
    if isinstance(annotation, typing.TypeVar):
        return shape_of(annotation.__bound__ or Any, adapters, within)
    origin = typing.get_origin(annotation)
    if origin is None:
        return _bare(annotation, adapters, within)
    return _generic(annotation, origin, adapters, within)


def _generic(annotation: Any, origin: Any, adapters: Adapters, within: tuple[Any, ...]) -> Shape:
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated or getattr(origin, "_name", None) in _LOOKED_THROUGH:
        return shape_of(arguments[0], adapters, within)
    if origin is typing.Literal:
        return _literal(arguments)
    if type(origin).__name__ == "TypeAliasType":
        return _alias(annotation, origin.__value__[arguments], adapters, within)
    if origin in _UNIONS:
        return Shape("union", parts=tuple(shape_of(member, adapters, within) for member in arguments))
    if origin is tuple:
        return _tuple(annotation, arguments, adapters, within)
    if kind := _CONTAINERS.get(origin):
        count = 2 if kind == "dict" else 1
        return _container(kind, (*arguments, Any, Any)[:count], adapters, within)
    if isinstance(origin, type) and _is_record(origin):
        return _record(annotation, origin, adapters, within)
    if isinstance(origin, type) and _is_numpy_scalar(origin):
        return Shape("numpy", origin)
    return _adapted(annotation, adapters)


def _literal(values: tuple[Any, ...]) -> Shape:
    for value in values:
        if kind_of(value) is None and not isinstance(value, Enum):
            raise DefinitionError(
                f"Literal[{value!r}]: a Literal is of texts, numbers and members of an Enum"
            )
    return Shape("literal", values)


def _bare(annotation: Any, adapters: Adapters, within: tuple[Any, ...]) -> Shape:
    if hasattr(annotation, "__supertype__"):  # a NewType
        return shape_of(annotation.__supertype__, adapters, within)
    if type(annotation).__name__ == "TypeAliasType":
        return _alias(annotation, annotation.__value__, adapters, within)
    if not isinstance(annotation, type):
        return _adapted(annotation, adapters)
    if kind := SCALARS.get((annotation.__module__, annotation.__qualname__)):
        return Shape(kind, annotation)
    if annotation is tuple:
        return Shape("tuple*", tuple, (Shape("any"),))
    if kind := _CONTAINERS.get(annotation):
        return _container(kind, (Any, Any)[: 2 if kind == "dict" else 1], adapters, within)
    if issubclass(annotation, Enum) and len(annotation):
        return Shape("enum", annotation)
    if _is_record(annotation):
        return _record(annotation, annotation, adapters, within)
    if _is_numpy_scalar(annotation):
        return Shape("numpy", annotation)
    return _adapted(annotation, adapters)


def _alias(alias: Any, value: Any, adapters: Adapters, within: tuple[Any, ...]) -> Shape:
    return Shape("named", alias, (shape_of(value, adapters, (*within, alias)),))


def _container(kind: str, arguments: tuple[Any, ...], adapters: Adapters, within: tuple[Any, ...]) -> Shape:
    return Shape(kind, None, tuple(shape_of(argument, adapters, within) for argument in arguments))


def _tuple(annotation: Any, arguments: tuple[Any, ...], adapters: Adapters, within: tuple[Any, ...]) -> Shape:
    if annotation is typing.Tuple:  # noqa: UP006  # bare, its arguments are those of tuple[()]
        return Shape("tuple*", tuple, (Shape("any"),))
    if arguments == ((),):  # tuple[()] on 3.10
        arguments = ()
    if len(arguments) == 2 and arguments[1] is ...:
        return Shape("tuple*", tuple, (shape_of(arguments[0], adapters, within),))
    return Shape("tuple", tuple, tuple(shape_of(argument, adapters, within) for argument in arguments))


def item_annotation(annotation: Any) -> Any:
    """Return the type of the items of a list, set or tuple of any length, an Optional one too."""
    wrapped = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    if wrapped is not None:
        return item_annotation(wrapped)
    arguments = [argument for argument in typing.get_args(annotation) if argument is not type(None)]
    if typing.get_origin(annotation) in (typing.Annotated, *_UNIONS):
        return item_annotation(arguments[0])
    return arguments[0] if arguments else Any


def _is_record(cls: type) -> bool:
    from reflow.values.records import is_dataclass, is_namedtuple, is_typeddict

    return is_dataclass(cls) or is_namedtuple(cls) or is_typeddict(cls)


def _record(annotation: Any, cls: type, adapters: Adapters, within: tuple[Any, ...]) -> Shape:
    from reflow.values.records import field_hints, is_typeddict

    inside = (*within, annotation)
    fields = {
        name: (shape_of(hint, adapters, inside), required)
        for name, hint, required in field_hints(cls, typing.get_args(annotation))
    }
    return Shape("typeddict" if is_typeddict(cls) else "record", annotation, (), fields)


def _is_numpy_scalar(cls: type) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(cls, numpy.generic)


def _adapted(annotation: Any, adapters: Adapters) -> Shape:
    adapter = adapters(annotation)
    if adapter is None:
        raise DefinitionError(
            f"reflow cannot store values of type {annotation_text(annotation)}\n"
            "return a Path to a file, or a dataclass, or write a plugin with the hook `reflow_adapter`"
        )
    return Shape("adapter", adapter)


def annotation_text(annotation: Any) -> str:
    """Return an annotation as it would be written."""
    return (
        annotation.__qualname__
        if isinstance(annotation, type) and not typing.get_args(annotation)
        else repr(annotation)
    )
