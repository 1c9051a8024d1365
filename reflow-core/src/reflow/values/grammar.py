"""Types as JSON, for the manifest, the command line and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.values.names import type_name
from reflow.values.scalars import kind_of, write_scalar
from reflow.values.shapes import Shape, no_adapters, shape_of
from reflow.values.tagged import Tagged

if TYPE_CHECKING:
    from reflow.values.shapes import Adapters

Grammar = Any
"""A word (``"int"``, ``"path"``, ``"any"``) or an object whose first key says what it is::

    {"list" | "set" | "frozenset" | "sequence" | "iterable" | "tuple*": G}
    {"tuple": [G, ...]}    {"dict": [K, V]}    {"union": [G, ...]}    {"literal": [tagged, ...]}
    {"enum": name, "names": [...]}, with "flag": true when its members can be joined
    {"record": name, "fields": {field: [G, required]}}, without fields inside itself    {"typeddict": ...}
    {"numpy": dtype}    {"adapter": adapter's name}
"""


def describe(annotation: object, adapters: Adapters = no_adapters) -> Grammar:
    """Return the grammar of a resolved annotation.

    Args:
        adapters: Asked for types that reflow does not know.

    Raises:
        DefinitionError: reflow does not know the type, and there is no adapter for it.
    """
    return grammar_of(shape_of(annotation, adapters))


def grammar_of(shape: Shape) -> Grammar:
    """Return the grammar of a shape."""
    kind = shape.kind
    if kind in ("record", "typeddict"):
        fields = {name: [grammar_of(part), required] for name, (part, required) in shape.fields.items()}
        return {kind: _name_of(shape.type), "fields": fields}
    if kind == "named":
        return grammar_of(shape.parts[0])
    if kind == "again":
        return _again(shape.type)
    if kind in ("tuple", "dict", "union"):
        return {kind: [grammar_of(part) for part in shape.parts]}
    if shape.parts:
        return {kind: grammar_of(shape.parts[0])}
    return _leaf(kind, shape.type)


def _again(annotation: Any) -> Grammar:
    from reflow.values.records import is_typeddict

    if not _is_class(annotation):
        return "any"
    cls = getattr(annotation, "__origin__", annotation)
    return {"typeddict" if is_typeddict(cls) else "record": _name_of(annotation)}


def field_grammar(record: Grammar, field: str) -> Grammar:
    """Return the type of a field of a record or TypedDict; where that stands within itself, it has its fields again."""
    assert isinstance(record, dict)
    kind, name = taken_apart(record)

    def unfolded(part: Any) -> Any:
        if part == {kind: name}:
            return record
        if isinstance(part, dict):
            return {key: unfolded(inner) for key, inner in part.items()}
        return [unfolded(inner) for inner in part] if isinstance(part, list) else part

    found: Grammar = unfolded(record["fields"][field][0])
    return found


def _leaf(kind: str, cls: Any) -> Grammar:
    if kind == "enum":
        names = [member.name for member in cls]
        return {"enum": type_name(cls), "names": names} | ({"flag": True} if is_flag_class(cls) else {})
    if kind == "literal":
        return {"literal": [tag_literal(value) for value in cls]}
    if kind == "numpy":
        return {"numpy": cls.__name__}
    if kind == "adapter":
        return {"adapter": cls.name}
    return kind


def is_flag_class(cls: type) -> bool:
    """Whether the members of an Enum can be joined with ``|``."""
    from enum import Flag

    return issubclass(cls, Flag)


def tag_literal(value: Any) -> Tagged:
    """Return the tagged value of one value of a Literal."""
    kind = kind_of(value)
    return {"$enum": [type_name(type(value)), value.name]} if kind is None else write_scalar(kind, value)


def _is_class(annotation: Any) -> bool:
    return hasattr(annotation, "__qualname__") or hasattr(annotation, "__origin__")


def _name_of(annotation: Any) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return type_name(annotation)
    return type_name(annotation.__origin__)


def classes_in(grammar: Grammar) -> list[Grammar]:
    """Return the parts of a grammar whose values carry the name of a class, with its fields or members."""
    if not isinstance(grammar, dict):
        return []
    kind, content = taken_apart(grammar)
    if kind in ("record", "typeddict", "enum"):
        return [grammar]
    if kind == "literal":
        return [grammar] if any(isinstance(value, dict) and "$enum" in value for value in content) else []
    return [
        found for part in (content if isinstance(content, list) else [content]) for found in classes_in(part)
    ]


def show_class(grammar: Grammar) -> str:
    """Return a class that `classes_in` found with what it is made of: ``flow:Size(width: int, height: int)``."""
    kind, content = taken_apart(grammar)
    if kind == "literal":
        return show_grammar(grammar)
    if kind == "enum":
        return f"{content}({', '.join(grammar['names'])})"
    fields = grammar.get("fields", {})
    return f"{content}({', '.join(f'{name}: {show_grammar(part)}' for name, (part, _) in fields.items())})"


def show_grammar(grammar: Grammar) -> str:
    """Return a type as it would be written: ``list[str]``, ``int | None``."""
    if isinstance(grammar, str):
        return _WORDS.get(grammar, grammar)
    kind, content = taken_apart(grammar)
    if kind == "union":
        members = sorted(content, key=lambda member: bool(member == "none"))
        return " | ".join(show_grammar(member) for member in members)
    if kind == "literal":
        return f"Literal[{', '.join(_show_literal(value) for value in content)}]"
    if kind == "tuple*":
        return f"tuple[{show_grammar(content)}, ...]"
    if kind in ("tuple", "dict"):
        return f"{kind}[{', '.join(map(show_grammar, content)) or '()'}]"
    if kind in ("list", "set", "frozenset", "sequence", "iterable"):
        return f"{_WORDS.get(kind, kind)}[{show_grammar(content)}]"
    if kind == "numpy":
        return f"numpy.{content}"
    return str(content).rpartition(":")[2].rpartition("<locals>.")[2]


def taken_apart(grammar: dict[str, Any]) -> tuple[str, Any]:
    """Return what a grammar is that is no word, and of what; in the parts of an identity its keys are sorted."""
    kind = next(key for key in grammar if key not in ("fields", "names", "flag"))
    return kind, grammar[kind]


def _show_literal(value: Tagged) -> str:
    from reflow.values.show import show

    return show(value)


_WORDS = {
    "none": "None",
    "any": "Any",
    "path": "Path",
    "uuid": "UUID",
    "decimal": "Decimal",
    "sequence": "Sequence",
    "iterable": "Iterable",
}
