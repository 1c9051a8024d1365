"""The fields of dataclasses, NamedTuples and TypedDicts, without importing what made them."""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator
from typing import Any

from reflow.errors import DefinitionError

_HOLDERS = (list, dict, set, frozenset, tuple, str, bytes, bytearray, int, float, complex, BaseException)


def is_dataclass(cls: type) -> bool:
    """Whether a class is a dataclass, and nothing (a dict, an exception) that holds more than its fields."""
    return hasattr(cls, "__dataclass_fields__") and not issubclass(cls, _HOLDERS)


def is_namedtuple(cls: type) -> bool:
    """Whether a class is a NamedTuple."""
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def is_typeddict(cls: type) -> bool:
    """Whether a class is a TypedDict, of typing or typing_extensions."""
    return issubclass(cls, dict) and hasattr(cls, "__required_keys__")


def field_hints(cls: type, arguments: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any, bool]]:
    """Yield name, resolved annotation and whether it must be given, for each field.

    Args:
        arguments: What stands for the type variables of a generic class.

    Raises:
        DefinitionError: A name in an annotation is not known.
    """
    given = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    fields = _of_dataclass(cls) if is_dataclass(cls) else _of_tuple_or_dict(cls)
    for name, hint, required in fields:
        yield name, _substitute(hint, given), required


def dataclass_fields(cls: Any) -> dict[str, Any]:
    """Return the true fields of a dataclass: neither InitVar nor ClassVar."""
    return {
        name: field for name, field in cls.__dataclass_fields__.items() if field._field_type.name == "_FIELD"
    }


def has_default(field: Any) -> bool:
    """Whether a field of a dataclass has a value before anything is assigned to it."""
    missing = sys.modules["dataclasses"].MISSING
    return field.default is not missing or field.default_factory is not missing


def _of_dataclass(cls: type) -> Iterator[tuple[str, Any, bool]]:
    for name, field in dataclass_fields(cls).items():
        yield name, _resolve(cls, name, field.type), field.init and not has_default(field)


def _of_tuple_or_dict(cls: Any) -> Iterator[tuple[str, Any, bool]]:
    hints = {name: _resolve(cls, name, hint) for name, hint in _annotations(cls).items()}
    if is_namedtuple(cls):
        for name in cls._fields:
            yield name, hints.get(name, Any), name not in cls._field_defaults
        return
    for name, hint in hints.items():
        yield name, hint, _is_required(cls, name, hint)


def _annotations(cls: type) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for owner in reversed(cls.__mro__):
        merged |= owner.__dict__.get("__annotations__", {})  # noqa: RUF063  # inspect costs 10 ms
    return merged


def _is_required(cls: Any, name: str, hint: Any) -> bool:
    while (origin := typing.get_origin(hint)) is not None:
        word = getattr(origin, "_name", None)
        if word in ("Required", "NotRequired"):
            return bool(word == "Required")
        if origin is not typing.Annotated and word != "ReadOnly":
            break
        hint = typing.get_args(hint)[0]
    return name in cls.__required_keys__


def _resolve(cls: type, name: str, hint: Any) -> Any:
    owner = next((base for base in cls.__mro__ if name in base.__dict__.get("__annotations__", {})), cls)  # noqa: RUF063  # likewise
    holder = type(cls.__name__, (), {"__annotations__": {name: hint}, "__module__": owner.__module__})
    names = {parameter.__name__: parameter for parameter in getattr(owner, "__type_params__", ())}
    names[cls.__name__] = cls
    try:
        return typing.get_type_hints(holder, localns=names, include_extras=True)[name]
    except NameError as error:
        raise DefinitionError(
            f"{cls.__qualname__}.{name}: {error}; define it at the top of the module {owner.__module__}"
        ) from error


def _substitute(hint: Any, given: dict[Any, Any]) -> Any:
    if isinstance(hint, typing.TypeVar):
        return given.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    if not given or not parameters or isinstance(hint, type):
        return hint
    return hint[tuple(given.get(parameter, parameter) for parameter in parameters)]
