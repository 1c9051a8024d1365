"""Whether what one task returns may be what another one wants."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from reflow.contracts.adapter import Adapter
from reflow.values.grammar import grammar_of, show_grammar
from reflow.values.scalars import kind_of
from reflow.values.shapes import Shape, shape_of

NO, THROUGH_ANY, EXACT = 0, 1, 2  #: answers of `fits`: the smallest decides for all parts

_WIDER = {
    "int": ("bool",),
    "float": ("bool", "int"),
    "complex": ("bool", "int", "float"),
    "date": ("datetime",),
    "sequence": ("list", "tuple*", "iterable"),
    "iterable": ("list", "tuple*", "sequence"),
    "list": ("tuple*", "sequence", "iterable"),
    "tuple*": ("list", "sequence", "iterable"),
}
_LISTS = ("list", "sequence", "iterable", "tuple*")
_NUMPY = {
    "bool": "bool_",
    "int": "integer",
    "float": ("integer", "floating"),
    "complex": "number",
    "str": "str_",
    "bytes": "bytes_",
}


class Shapes:
    """The shapes of annotations, each made once for a whole workflow."""

    def __init__(self, adapters: Callable[[object], Adapter | None]) -> None:
        self._adapters = adapters
        self._known: dict[Any, Shape] = {}

    def of(self, annotation: Any) -> Shape:
        """Return the shape of a resolved annotation.

        Raises:
            DefinitionError: reflow does not know the type, and there is no adapter for it.
        """
        try:
            known = self._known.get(annotation)
        except TypeError:  # something in Annotated that has no hash
            return shape_of(annotation, self._adapter)
        if known is None:
            known = self._known[annotation] = shape_of(annotation, self._adapter)
        return known

    def _adapter(self, annotation: object) -> Any:
        adapter = self._adapters(annotation)
        return None if adapter is None else _Adapted(annotation, adapter.name)


class _Adapted:
    """An adapter, together with the type that it was found for: only that tells whether two fit."""

    __slots__ = ("annotation", "name")

    def __init__(self, annotation: object, name: str) -> None:
        self.annotation = annotation
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Adapted) and self.annotation == other.annotation

    def __hash__(self) -> int:
        return hash(self.name)


def list_of(shape: Shape) -> Shape:
    """Return the shape of a list of these."""
    return Shape("list", None, (shape,))


def item_of(shape: Shape) -> Shape | None:
    """Return the shape of the items of a list; Any may be a list of Any. None when it is no list."""
    shape = _seen_through(shape)
    if shape.kind == "any":
        return shape
    return shape.parts[0] if shape.kind in _LISTS else None


def show(shape: Shape) -> str:
    """Return a type as it would be written."""
    if shape.kind == "adapter":
        return getattr(shape.type.annotation, "__qualname__", repr(shape.type.annotation))
    if shape.kind in ("list", "set", "frozenset") and shape.parts[0].kind == "adapter":
        return f"{shape.kind}[{show(shape.parts[0])}]"
    return show_grammar(grammar_of(shape))


def fits(produced: Shape, wanted: Shape) -> int:
    """Return whether every value of one type may be given where the other is wanted.

    Returns:
        `EXACT`, `NO`, or `THROUGH_ANY` when that is known only as far as there is no Any.
    """
    produced, wanted = _seen_through(produced), _seen_through(wanted)
    if "any" in (produced.kind, wanted.kind):
        return THROUGH_ANY
    if _same(produced, wanted):
        return EXACT
    if produced.kind == "union":
        return min(fits(member, wanted) for member in produced.parts)
    if wanted.kind == "union":
        return max(fits(produced, member) for member in wanted.parts)
    if produced.kind == "literal":
        return _literal_fits(produced, wanted)
    if produced.kind == "numpy":
        return EXACT if _numpy_fits(produced.type, wanted) else NO
    if produced.kind != wanted.kind and produced.kind not in _WIDER.get(wanted.kind, ()):
        return NO
    return _same_kind_fits(produced, wanted)


def _same(one: Shape, other: Shape) -> bool:
    """Whether two types are one; unlike ``==``, this tells ``Literal[1]`` from ``Literal[True]``."""
    if one.kind != other.kind or one.type != other.type or len(one.parts) != len(other.parts):
        return False
    if one.kind == "literal" and list(map(type, one.type)) != list(map(type, other.type)):
        return False
    return all(map(_same, one.parts, other.parts))


def _same_kind_fits(produced: Shape, wanted: Shape) -> int:
    if produced.parts or wanted.parts:
        return _parts_fit(produced, wanted)
    if wanted.kind == "adapter":
        return EXACT if _is_subclass(produced.type.annotation, wanted.type.annotation) else NO
    if wanted.kind in ("record", "typeddict", "enum", "again"):
        return EXACT if produced.type == wanted.type else NO
    return NO if wanted.kind == "literal" else EXACT


def _parts_fit(produced: Shape, wanted: Shape) -> int:
    if len(produced.parts) != len(wanted.parts):
        return NO
    return min(map(fits, produced.parts, wanted.parts), default=EXACT)


def _literal_fits(produced: Shape, wanted: Shape) -> int:
    if wanted.kind == "literal":
        allowed = {(type(value), value) for value in wanted.type}
        return EXACT if all((type(value), value) in allowed for value in produced.type) else NO
    return min(fits(_shape_of_value(value), wanted) for value in produced.type)


def _shape_of_value(value: object) -> Shape:
    kind = kind_of(value)
    return (
        Shape("enum", type(value)) if kind is None else Shape("none" if value is None else kind, type(value))
    )


def _numpy_fits(cls: type, wanted: Shape) -> bool:
    if wanted.kind == "numpy":
        return issubclass(cls, wanted.type)
    names = _NUMPY.get(wanted.kind, ())
    numpy = sys.modules["numpy"]
    return any(
        issubclass(cls, getattr(numpy, name)) for name in ([names] if isinstance(names, str) else names)
    )


def _is_subclass(produced: object, wanted: object) -> bool:
    return isinstance(produced, type) and isinstance(wanted, type) and issubclass(produced, wanted)


def _seen_through(shape: Shape) -> Shape:
    while shape.kind == "named":
        shape = shape.parts[0]
    return shape
