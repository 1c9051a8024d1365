"""Values to tagged JSON and back, by their annotation.

What few types need is imported when one is met: a worker starts in a few milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.errors import ValueMisfit
from reflow.values.coder import Coder, Misfit, TooDeep, expected, unexpected
from reflow.values.scalars import scalar_coder
from reflow.values.shapes import Shape, no_adapters, shape_of
from reflow.values.tagged import MAX_DEPTH, Tagged

if TYPE_CHECKING:
    from reflow.values.shapes import Adapters

_CODECS: dict[Any, Codec] = {}


class Codec:
    """Encodes what a task returned, and decodes what a task asked for, by one annotation."""

    __slots__ = ("_coder", "annotation")

    def __init__(self, annotation: object, coder: Coder) -> None:
        self.annotation = annotation
        self._coder = coder

    def encode(self, value: object) -> Tagged:
        """Return a value as tagged JSON; of the type that it has, not of the type that was asked for.

        Iterators are listed. Paths are made absolute and carry no stamp yet.

        Raises:
            ValueMisfit: The annotation does not allow the value, or it is nested more than 200 deep. The message
                starts with the path to what is wrong.
        """
        try:
            return self._coder.encode(value, 0)
        except Misfit as misfit:
            raise misfit.error() from misfit.__cause__

    def decode(self, tagged: Tagged) -> Any:
        """Return the value; of exactly the type that was encoded, except that an int becomes the float, and a list
        the tuple or a tuple the list, that the annotation asks for.

        Raises:
            ValueMisfit: The annotation does not allow the value.
        """
        try:
            return self._coder.decode(tagged, True)
        except Misfit as misfit:
            raise misfit.error() from misfit.__cause__
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            raise ValueMisfit(f"damaged value: {str(tagged)[:60]} ({error})") from error


def codec(annotation: object, adapters: Adapters = no_adapters) -> Codec:
    """Return the codec of a resolved annotation, made once for each.

    Raises:
        DefinitionError: reflow does not know the type, and there is no adapter for it.
    """
    try:
        known = _CODECS.get((annotation, adapters))
    except TypeError:  # something in Annotated that has no hash
        return Codec(annotation, _coder(annotation, adapters))
    if known is None:
        known = _CODECS[annotation, adapters] = Codec(annotation, _coder(annotation, adapters))
    return known


def _coder(annotation: object, adapters: Adapters) -> Coder:
    return _Compiler(adapters).compile(shape_of(annotation, adapters))


class _Compiler:
    """Makes one tree of shapes a coder; remembers what ``again`` refers to.

    Args:
        adapters: Asked for the types of values under ``Any``.
    """

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
            self._met[cls] = _coder(cls, self._adapters)
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
