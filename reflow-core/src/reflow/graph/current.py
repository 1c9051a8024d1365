"""What stands for values of a notebook or of a closure that no statement tells: text, the same in any session."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import MISSING
from enum import Enum
from functools import cached_property
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, get_args

from reflow.define.signature import unwrapped
from reflow.graph.normal import unquoted

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_ITEMS = 1_000  #: of what is taken for a constant, those of lists within it too
_MAKERS = ("enum", "dataclasses", "collections", "typing")
_DATACLASS = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")  #: what all Pythons keep of a decorator
_DEPTH = 10  #: of lists within lists: one that holds itself has no end


def constant_text(value: object) -> str | None:
    """Return a text for a plain value, or a short list, tuple, dict or set of such; None for anything else."""
    left = _ITEMS

    def text(value: object, depth: int) -> str | None:
        nonlocal left
        if type(value) in _PLAIN:
            return ascii(value)
        if not depth or not isinstance(value, (list, tuple, dict, set, frozenset)) or len(value) > left:
            return None
        left -= len(value)
        texts = [text(item, depth - 1) for item in (value.items() if isinstance(value, dict) else value)]
        plain = [one for one in texts if one is not None]
        if len(plain) < len(texts):
            return None
        if isinstance(value, (set, frozenset)):
            plain.sort()  # their order is another one in each process
        return f"{type(value).__name__}({','.join(plain)})"

    return text(value, _DEPTH)


def named_text(value: object) -> str | None:
    """Return where a module, class or function comes from, in a text; None for anything else."""
    if isinstance(value, ModuleType):
        return f"module({value.__name__})"
    if isinstance(value, BuiltinFunctionType) and not isinstance(value.__self__, ModuleType):
        return None  # a method of some object
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return f"named({value.__module__}.{value.__qualname__})"
    return None


def class_text(value: type) -> str:
    """Return a text for a class but what it is given: its fields with their types, its members, who made it."""
    fields = [(name, str(one)) for name, one in _annotations(value).items()]
    said = [(f.name, f.init, f.repr, f.hash, f.compare, f.kw_only) for f in _dataclass_fields(value)]
    params = vars(value).get("__dataclass_params__")
    made_by = [getattr(params, name) for name in _DATACLASS] if params is not None else None
    members = list(getattr(value, "__members__", ()))
    return ascii((value.__qualname__, fields, said, made_by, members, vars(value).get("__slots__")))


def values_of(value: type) -> Iterator[tuple[str, object]]:
    """Yield what a class was given, each with a name: bases, types of fields, functions, and any other value."""
    yield from ((base.__name__, base) for base in value.__bases__ if base is not object)
    for annotation in _annotations(value).values():
        yield from ((one.__qualname__, one) for one in _types_in(annotation))
    for name, own in _given(value).items():
        for one in _parts(own):
            is_function = isinstance(one, FunctionType)
            if (is_function or not name.startswith("__")) and not _is_made_by_python(one):
                yield f"{value.__qualname__}.{name}", one


def _given(value: type) -> dict[str, object]:
    given = dict(vars(value))
    if issubclass(value, Enum):
        members = value.__members__
        machinery = {n for n, one in given.items() if n.startswith("_") and not isinstance(one, FunctionType)}
        given = {name: one for name, one in given.items() if name not in members and name not in machinery}
        given |= {name: member.value for name, member in members.items()}
    for field in _dataclass_fields(value):
        given.pop(field.name, None)
        defaults = {field.name: field.default, f"{field.name}()": field.default_factory}
        given |= {name: one for name, one in defaults.items() if one is not MISSING}
    return given


def _dataclass_fields(value: type) -> list[Any]:
    fields = vars(value).get("__dataclass_fields__", {})
    return [field for name, field in fields.items() if name in _annotations(value)]


def _annotations(value: type) -> dict[str, object]:
    found: dict[str, object] = vars(value).get("__annotations__", {})
    return found


def _types_in(annotation: object) -> Iterator[type]:
    """Yield the classes of cells in an annotation; one that is quoted is looked up as it is now."""
    if isinstance(annotation, str):
        cells = vars(sys.modules["__main__"])
        for name in sorted(_names_in(annotation)):
            yield from _types_in(cells.get(name))
    elif isinstance(annotation, type) and annotation.__module__ == "__main__":
        yield annotation
    else:
        for part in get_args(annotation):
            yield from _types_in(part)


def _names_in(annotation: str) -> set[str]:
    try:
        nodes = list(ast.walk(unquoted(ast.parse(annotation, mode="eval").body)))
    except SyntaxError:
        return set()
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _parts(own: object) -> list[object]:
    """Return the functions of a property, a class method or the like; anything else is one by itself."""
    if isinstance(own, property):
        return [one for one in (own.fget, own.fset, own.fdel) if one is not None]
    if isinstance(own, cached_property):
        return [own.func]
    return [own.__func__] if isinstance(own, (staticmethod, classmethod)) else [own]


def _is_made_by_python(one: object) -> bool:
    """Whether it comes with a dataclass, a named tuple, an Enum, ``__slots__`` or an abstract class."""
    if isinstance(one, FunctionType):
        return one.__module__ in _MAKERS or str(unwrapped(one).__code__.co_filename) == "<string>"
    return type(one).__name__ in ("member_descriptor", "_tuplegetter", "_abc_data")
