"""From shapes to coders; what few types need is imported when one is met: a worker starts in a few milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.values.coder import Coder
from reflow.values.misfit import TooDeep, expected, unexpected
from reflow.values.scalars import scalar_coder
from reflow.values.shapes import Shape, shape_of
from reflow.values.tagged import MAX_DEPTH, Tagged

if TYPE_CHECKING:
    from reflow.values.shapes import Adapters


def compile_shape(shape: Shape, adapters: Adapters) -> Coder:
    """Return the coder of a shape.

    Args:
        adapters: Asked for the types of values under ``Any``.
    """
    return _Compiler(adapters).compile(shape)


class _Compiler:
    """Compiles one tree; remembers what ``again`` refers to."""

    def __init__(self, adapters: Adapters) -> None:
        self._adapters = adapters
        self._named: dict[Any, Coder] = {}
        self._met: dict[type, Coder] = {}

    def compile(self, shape: Shape) -> Coder:
        kind = shape.kind
        if kind in ("record", "typeddict", "named"):
            self._named[shape.type] = coder = self._compile_named(shape)
            return coder
        if kind == "again":
            return self._again(shape.type)
        if kind == "any":
            from reflow.values.dynamic import any_coder

            return any_coder(self._of_class)
        parts = tuple(self.compile(part) for part in shape.parts)
        return _container(shape, parts) if parts or kind == "tuple" else _leaf(shape)

    def _compile_named(self, shape: Shape) -> Coder:
        if shape.kind == "named":
            return self.compile(shape.parts[0])
        from reflow.values.structures import record_coder, typeddict_coder

        fields = {name: (self.compile(part), required) for name, (part, required) in shape.fields.items()}
        cls = getattr(shape.type, "__origin__", shape.type)
        if shape.kind == "typeddict":
            return typeddict_coder(cls.__qualname__.rpartition(".")[2], fields)
        return record_coder(cls, fields)

    def _again(self, key: Any) -> Coder:
        def encode(value: object, depth: int) -> Tagged:
            if depth > MAX_DEPTH:
                raise TooDeep
            return self._named[key].encode(value, depth)

        def decode(node: Tagged, widen: bool) -> object:
            return self._named[key].decode(node, widen)

        return Coder(encode, decode, frozenset({key}) if isinstance(key, type) else frozenset())

    def _of_class(self, cls: type) -> Coder:
        if cls not in self._met:
            self._met[cls] = compile_shape(shape_of(cls, self._adapters), self._adapters)
        return self._met[cls]


def _container(shape: Shape, parts: tuple[Coder, ...]) -> Coder:
    from reflow.values.containers import (
        dict_coder,
        fixed_tuple_coder,
        list_coder,
        many_coder,
        set_coder,
        tuple_coder,
    )
    from reflow.values.grammar import grammar_of, show_grammar

    kind, label = shape.kind, show_grammar(grammar_of(shape))
    if kind == "list":
        return list_coder(parts[0], label)
    if kind == "tuple*":
        return tuple_coder(parts[0], label)
    if kind == "tuple":
        return fixed_tuple_coder(parts, label)
    if kind == "dict":
        return dict_coder(parts[0], parts[1], label)
    if kind == "union":
        from reflow.values.unions import union_coder

        return union_coder(parts, label)
    if kind in ("set", "frozenset"):
        return set_coder(kind, parts[0], label)
    return many_coder(kind, parts[0], label)


def _leaf(shape: Shape) -> Coder:
    if shape.kind == "numpy":
        return _numpy_coder(shape.type)
    if shape.kind in ("enum", "literal", "adapter"):
        return _structure(shape)
    return scalar_coder(shape.kind, shape.type)


def _structure(shape: Shape) -> Coder:
    from reflow.values.grammar import grammar_of, show_grammar, tag_literal
    from reflow.values.structures import adapter_coder, enum_coder, literal_coder

    if shape.kind == "enum":
        return enum_coder(shape.type)
    if shape.kind == "adapter":
        return adapter_coder(shape.type)
    label = show_grammar(grammar_of(shape))
    return literal_coder(shape.type, [tag_literal(value) for value in shape.type], label)


def _numpy_coder(cls: type) -> Coder:
    from reflow.values.numpy_scalars import is_numpy, tag_numpy, untag_numpy

    label = f"numpy.{cls.__name__}"

    def encode(value: object, depth: int) -> Tagged:
        if not isinstance(value, cls) or not is_numpy(value):
            raise expected(label, value)
        return tag_numpy(value)

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is dict and "$numpy" in node and isinstance(value := untag_numpy(node["$numpy"]), cls):
            return value
        raise unexpected(label, node)

    return Coder(encode, decode, frozenset({cls}), frozenset({"$numpy"}))
