"""Parameters given from Python, made the same as if they came from the command line."""

from __future__ import annotations

from typing import Any

from reflow.errors import ParameterError, ValueMisfit
from reflow.values.codec import Codec
from reflow.values.grammar import Grammar, field_grammar, show_grammar
from reflow.values.paths import in_order
from reflow.values.scalars import kind_of, write_scalar
from reflow.values.tagged import Tagged, tag_of
from reflow.values.text import choices, item_grammar, kind_of_grammar, without_none
from reflow.values.words import NotThis, read_path


def parameter_value(
    annotation_codec: Codec, grammar: Grammar, value: object, name: str, *, secret: bool = False
) -> Tagged:
    """Return the tagged value of a parameter given from Python.

    The same value has the same form as from the command line: an int under float becomes a float, a text under
    Path a Path, a scalar of numpy under Python's own type one of Python's.

    Args:
        name: What the message calls the parameter.
        secret: The message does not show the value.

    Raises:
        ParameterError: The annotation does not allow the value.
    """
    try:
        return widen(grammar, annotation_codec.encode(_paths(grammar, value)))
    except (ValueMisfit, NotThis, OverflowError) as error:
        reason = "" if secret else f"\n{error}"
        words = choices(grammar)
        hint = f"\nchoose from {', '.join(words)}" if words else reason
        shown = "***" if secret else _short(value)
        raise ParameterError(f"{name} takes {show_grammar(grammar)}, not {shown}{hint}") from None


def settle(annotation_codec: Codec, grammar: Grammar, tagged: Tagged, name: str) -> Tagged:
    """Return a tagged value that was parsed from text as its own type would have it.

    A record that was written by hand gets its defaults, and its class may refuse it. Any other value comes back
    as it is.

    Raises:
        ParameterError: The class of a record refuses it.
    """
    try:
        return widen(grammar, annotation_codec.encode(annotation_codec.decode(tagged)))
    except ValueMisfit as error:
        raise ParameterError(f"{name} takes {show_grammar(grammar)}\n{error}") from error


def widen(grammar: Grammar, tagged: Tagged) -> Tagged:
    """Return a tagged value as the command line would give it for this type."""
    kind, tag = kind_of_grammar(grammar), tag_of(tagged)
    if kind == "union":
        return _widen_union(grammar, tagged)
    if kind in ("int", "float", "complex", "str", "bool"):
        return _widen_number(kind, tag, tagged)
    if kind in ("list", "sequence", "iterable", "tuple*", "set", "frozenset") and (
        tag == "list" or tag in _ITEMS
    ):
        items = [widen(grammar[kind], item) for item in (tagged if tag == "list" else tagged[tag])]
        if tag in ("$set", "$frozenset"):
            return {tag: in_order(items)}
        return items if kind in ("list", "sequence", "iterable") else {tag: items}
    if kind == "tuple":
        return {
            "$tuple": [widen(part, item) for part, item in zip(grammar[kind], tagged["$tuple"], strict=True)]
        }
    if kind == "dict":
        key, value = grammar["dict"]
        return {"$dict": [[widen(key, name), widen(value, item)] for name, item in tagged["$dict"]]}
    if kind in ("record", "typeddict") and "fields" in grammar:
        return _widen_fields(grammar, tag, tagged)
    return tagged


_ITEMS = ("$tuple", "$set", "$frozenset")


def _widen_number(kind: str, tag: str, tagged: Tagged) -> Tagged:
    if tag == "$numpy":
        from reflow.values.numpy_scalars import plain_numpy

        value: Any = plain_numpy(tagged[tag])
    elif tag in ("bool", "int") and kind != "bool":
        value = tagged
    else:
        return tagged
    return write_scalar(kind, {"int": int, "float": float, "complex": complex}.get(kind, type(value))(value))


def _widen_union(grammar: Grammar, tagged: Tagged) -> Tagged:
    members = [member for member in grammar["union"] if member != "none"]
    if tagged is None or len(members) != 1:
        return tagged
    return widen(members[0], tagged)


def _widen_fields(grammar: Grammar, tag: str, tagged: Tagged) -> Tagged:
    if tag == "$record":
        name, given = tagged[tag]
        return {
            tag: [
                name,
                {field: widen(field_grammar(grammar, field), value) for field, value in given.items()},
            ]
        }
    return {tag: [[field, widen(field_grammar(grammar, field), value)] for field, value in tagged[tag]]}


def _paths(grammar: Grammar, value: Any) -> Any:
    """Make Paths of texts where a Path, or a container of Paths, is wanted."""
    grammar = without_none(grammar)
    kind = kind_of_grammar(grammar)
    if kind == "path" and (type(value) is str or kind_of(value) == "path"):
        from pathlib import Path

        return Path(read_path(str(value)))
    if item_grammar(grammar) is not None and type(value) in (list, tuple, set, frozenset):
        return type(value)(_paths(grammar[kind], item) for item in value)
    if kind == "tuple" and type(value) is tuple and len(value) == len(grammar[kind]):
        return tuple(map(_paths, grammar[kind], value))
    if kind == "dict" and type(value) is dict:
        of_key, of_value = grammar[kind]
        return {_paths(of_key, key): _paths(of_value, item) for key, item in value.items()}
    return value


def _short(value: object) -> str:
    from reflow.values.coder import describe_value

    return describe_value(value)
