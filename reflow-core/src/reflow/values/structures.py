"""Enums, Literals, records, TypedDicts and what adapters know, as tagged JSON and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reflow.errors import ValueMisfit
from reflow.values.coder import Coder, Misfit, TooDeep, expected, unexpected
from reflow.values.names import type_name
from reflow.values.records import dataclass_fields, has_default, is_dataclass
from reflow.values.tagged import MAX_DEPTH, Tagged, tag_of

if TYPE_CHECKING:
    from reflow.contracts.adapter import Adapter

_Fields = dict[str, tuple[Coder, bool]]


def enum_coder(cls: Any) -> Coder:
    """Return the coder of an Enum; the members of a Flag are joined with ``|``."""
    from enum import Flag

    name, label = type_name(cls), cls.__qualname__.rpartition(".")[2]
    is_flag = issubclass(cls, Flag)

    def encode(value: Any, depth: int) -> Tagged:
        if not isinstance(value, cls):
            raise expected(label, value, _namesake(cls, value))
        return {"$enum": [name, _join_flag(cls, value) if is_flag else value.name]}

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is not dict or "$enum" not in node or node["$enum"][0] != name:
            raise unexpected(label, node)
        return split_flag(cls, node["$enum"][1]) if is_flag else member_of(cls, node["$enum"][1])

    return Coder(encode, decode, frozenset({cls}), frozenset({"$enum"}))


def member_of(cls: Any, name: str) -> object:
    """Return the member of an Enum that has this name."""
    try:
        return cls[name]
    except KeyError:
        names = ", ".join(member.name for member in cls)
        raise Misfit(f"{cls.__qualname__} has no member {name!r} (it has {names})") from None


def split_flag(cls: Any, text: str) -> object:
    """Return the flag that a text of names and numbers joined with ``|`` stands for."""
    value = cls(0)
    for part in text.split("|"):
        value |= cls(int(part)) if part.lstrip("-").isdigit() else member_of(cls, part)
    return value


def _join_flag(cls: Any, value: Any) -> str:
    left: int = value.value
    if left < 0:
        return str(left)
    names = []
    for member in sorted(cls.__members__.values(), key=lambda each: int(each.value)):
        bit = member.value
        if bit > 0 and bit & (bit - 1) == 0 and left & bit:
            names.append(member.name)
            left &= ~bit
    return "|".join([*names, str(left)] if left or not names else names)


def literal_coder(values: tuple[Any, ...], tagged: list[Tagged], label: str) -> Coder:
    """Return the coder of a Literal, whose values are told apart by type too."""
    known = list(zip(values, tagged, strict=True))

    def encode(value: Any, depth: int) -> Tagged:
        for each, node in known:
            if type(each) is type(value) and each == value:
                return node
        raise expected(label, value)

    def decode(node: Tagged, widen: bool) -> object:
        for each, own in known:
            if type(own) is type(node) and own == node:
                return each
        raise unexpected(label, node)

    return Coder(encode, decode, frozenset(map(type, values)), frozenset(map(tag_of, tagged)))


def record_coder(cls: Any, fields: _Fields) -> Coder:
    """Return the coder of a dataclass or NamedTuple, and of exactly this class.

    A record that has all its fields is put together as it was, without calling the class; one that lacks some
    (it was written by hand) is made by calling it.
    """
    name, label = type_name(cls), cls.__qualname__.rpartition(".")[2]
    read = _read_dataclass if is_dataclass(cls) else _read_namedtuple
    make = _make_dataclass if is_dataclass(cls) else _make_namedtuple

    def encode(value: Any, depth: int) -> Tagged:
        if type(value) is not cls:
            raise expected(label, value, _unlike(cls, value))
        if depth >= MAX_DEPTH:
            raise TooDeep
        given = read(cls, value)
        return {
            "$record": [name, _fields(given, lambda field, part: fields[field][0].encode(part, depth + 1))]
        }

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is not dict or "$record" not in node or node["$record"][0] != name:
            raise unexpected(label, node)
        given: dict[str, Any] = node["$record"][1]
        _check_names(label, given, fields)
        return make(cls, _fields(given, lambda field, part: fields[field][0].decode(part, widen)))

    return Coder(encode, decode, frozenset({cls}), frozenset({"$record"}))


def _unlike(cls: type, value: object) -> str:
    if isinstance(value, cls):
        return "; a record is exactly its class"
    return _namesake(cls, value)


def _namesake(cls: type, value: object) -> str:
    """Tell apart what a message would show alike: a notebook's cell that was run again made another class."""
    if type_name(type(value)) != type_name(cls):
        return ""
    return "; that is another class of the same name: run the cells of the tasks that use it again"


def typeddict_coder(label: str, fields: _Fields) -> Coder:
    """Return the coder of a TypedDict, whose values are dicts."""

    def encode(value: Any, depth: int) -> Tagged:
        if type(value) is not dict:
            raise expected(label, value)
        if depth >= MAX_DEPTH:
            raise TooDeep
        _check_names(label, value, fields)
        done = _fields(value, lambda field, part: fields[field][0].encode(part, depth + 1))
        return {"$dict": [[field, part] for field, part in done.items()]}

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is not dict or "$dict" not in node:
            raise unexpected(label, node)
        try:
            given = dict(node["$dict"])
        except TypeError:
            raise unexpected(label, node) from None
        _check_names(label, given, fields)
        return _fields(given, lambda field, part: fields[field][0].decode(part, widen))

    return Coder(encode, decode, frozenset({dict}), frozenset({"$dict"}))


def adapter_coder(adapter: Adapter) -> Coder:
    """Return the coder of values that an adapter knows."""
    name = adapter.name

    def encode(value: Any, depth: int) -> Tagged:
        from reflow.values.digests import canonical

        try:
            data = adapter.encode(value)
            canonical(data)
        except ValueMisfit as error:
            raise Misfit(str(error)) from error
        except Exception as error:  # a plugin may raise anything
            raise Misfit(
                f"the adapter {name!r} could not encode it: {type(error).__name__}: {error}"
            ) from error
        return {"$adapter": [name, data]}

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is not dict or "$adapter" not in node or node["$adapter"][0] != name:
            raise unexpected(name, node)
        try:
            return adapter.decode(node["$adapter"][1])
        except Exception as error:  # a plugin may raise anything
            raise Misfit(
                f"the adapter {name!r} could not decode it: {type(error).__name__}: {error}"
            ) from error

    return Coder(encode, decode, frozenset(), frozenset({"$adapter"}))


def _fields(given: dict[str, Any], convert: Callable[[str, Any], Any]) -> dict[str, Any]:
    done: dict[str, Any] = {}
    field = ""
    try:
        for field, part in given.items():
            done[field] = convert(field, part)
    except Misfit as misfit:
        raise misfit.below(f".{field}") from misfit.__cause__
    return done


def _check_names(label: str, given: dict[Any, Any], fields: _Fields) -> None:
    for name in given:
        if name not in fields:
            raise Misfit(f"{label} has no field {name!r} (it has {', '.join(fields)})")
    missing = [name for name, (_, required) in fields.items() if required and name not in given]
    if missing:
        raise Misfit(f"{label} lacks {', '.join(missing)}")


def _read_namedtuple(cls: Any, value: Any) -> dict[str, Any]:
    _check_attributes(cls, value, {})
    return dict(zip(cls._fields, value, strict=True))


def _make_namedtuple(cls: Any, given: dict[str, Any]) -> object:
    if len(given) < len(cls._fields):
        return _call(cls, given)
    return tuple.__new__(cls, [given[name] for name in cls._fields])


def _read_dataclass(cls: Any, value: Any) -> dict[str, Any]:
    fields = dataclass_fields(cls)
    _check_attributes(cls, value, fields)
    given = {}
    for name, field in fields.items():
        try:
            given[name] = getattr(value, name)
        except AttributeError:
            if field.init:
                raise Misfit(f"field {name!r} of {cls.__qualname__} was never set") from None
    return given


def _make_dataclass(cls: Any, given: dict[str, Any]) -> object:
    fields = dataclass_fields(cls)
    if any(name not in given for name, field in fields.items() if field.init or has_default(field)):
        computed = [name for name in given if not fields[name].init]
        if computed:
            raise Misfit(
                f"{cls.__qualname__} sets {', '.join(computed)} by itself; leave it out, or give all fields"
            )
        return _call(cls, given)
    made = object.__new__(cls)
    for name, value in given.items():
        object.__setattr__(made, name, value)
    return made


def _check_attributes(cls: Any, value: Any, fields: dict[str, Any]) -> None:
    for name in getattr(value, "__dict__", ()):
        if name not in fields and type(getattr(cls, name, None)).__name__ != "cached_property":
            raise Misfit(
                f"attribute {name!r} of {cls.__qualname__} is no field and would be lost; "
                f"declare it: {name}: ... = field(init=False)"
            )


def _call(cls: Any, given: dict[str, Any]) -> object:
    try:
        return cls(**given)
    except Exception as error:  # a class of the user's own may refuse anything
        raise Misfit(f"{cls.__qualname__} could not be made: {type(error).__name__}: {error}") from error
