"""Values whose annotation says nothing (``Any``), by their own type and tag."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from reflow.errors import DefinitionError
from reflow.values.coder import Coder, Misfit, describe_value, unexpected
from reflow.values.containers import dict_coder, list_coder, set_coder, tuple_coder
from reflow.values.names import loaded_type
from reflow.values.numpy_scalars import is_numpy, tag_numpy
from reflow.values.records import is_dataclass, is_namedtuple
from reflow.values.scalars import kind_of, read_scalar, write_scalar
from reflow.values.tagged import Tagged, tag_of

PLAIN = frozenset({type(None), bool, int, str})


def any_coder(coder_of: Callable[[Any], Coder]) -> Coder:
    """Return the coder of ``Any``.

    Records and Enums are decoded when their class is loaded in this process; nothing is imported for them.

    Args:
        coder_of: Makes the coder of a class that turns up in a value.
    """
    containers: dict[str, Coder] = {}

    def encode(value: Any, depth: int) -> Tagged:
        kind = kind_of(value)
        if kind is not None:
            return write_scalar(kind, value)
        coder = containers.get(_CONTAINERS.get(type(value), ""))
        if coder is None:
            if is_numpy(value):
                return tag_numpy(value)
            coder = _coder_of_class(value, coder_of)
        return coder.encode(value, depth)

    def decode(node: Tagged, widen: bool) -> object:
        tag = tag_of(node)
        if type(node) in PLAIN:
            return node
        if coder := containers.get(tag):
            return coder.decode(node, False)
        if tag in ("$record", "$enum"):
            return _decode_named(node, tag, coder_of)
        if tag in ("$secret", "$adapter", "?"):
            raise unexpected("a value that can be read without an annotation", node)
        return read_scalar(tag, node[tag])

    anything = Coder(encode, decode, frozenset(), frozenset(), PLAIN)
    containers["list"] = list_coder(anything, "list")
    containers["$tuple"] = tuple_coder(anything, "tuple")
    containers["$set"] = set_coder("set", anything, "set")
    containers["$frozenset"] = set_coder("frozenset", anything, "frozenset")
    containers["$dict"] = dict_coder(anything, anything, "dict")
    return anything


_CONTAINERS: dict[type, str] = {
    list: "list",
    tuple: "$tuple",
    set: "$set",
    frozenset: "$frozenset",
    dict: "$dict",
}


def _coder_of_class(value: Any, coder_of: Callable[[Any], Coder]) -> Coder:
    if type(value) is object:  # as an annotation this is Any
        raise _cannot_store(value)
    try:
        return coder_of(type(value))
    except DefinitionError as error:
        raise _cannot_store(value) from error


def _cannot_store(value: object) -> Misfit:
    return Misfit(f"reflow cannot store {describe_value(value)}; write a plugin with `reflow_adapter`")


def _decode_named(node: Tagged, tag: str, coder_of: Callable[[Any], Coder]) -> object:
    name = node[tag][0]
    cls = loaded_type(name)
    fits = cls is not None and (
        issubclass(cls, Enum) if tag == "$enum" else is_dataclass(cls) or is_namedtuple(cls)
    )
    if not fits:
        raise Misfit(f"the class {name} is not loaded here; name it in the annotation instead of Any")
    return coder_of(cls).decode(node, False)
