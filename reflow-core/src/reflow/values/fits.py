"""Whether a tagged value is what a type allows, as far as its grammar says: nothing of the user's own is needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reflow.values.coder import Misfit, unexpected
from reflow.values.grammar import Grammar, show_grammar, taken_apart
from reflow.values.tagged import Tagged, tag_of

_WHOLE = {"bool", "int", "$int"}
_TAGS: dict[str, set[str]] = {
    "none": {"none"},
    "bool": {"bool"},
    "int": _WHOLE,
    "float": {*_WHOLE, "$float"},
    "complex": {*_WHOLE, "$float", "$complex"},
    "str": {"str", "$str"},
    "date": {"$date", "$datetime"},
    "list": {"list", "$tuple"},
    "tuple*": {"list", "$tuple"},
    "sequence": {"list", "$tuple"},
    "iterable": {"list", "$tuple", "$set", "$frozenset"},
    "typeddict": {"$dict"},
}  #: of the kinds that more or others stand for than their own name, widened as a reader does


def misfit_of(grammar: Grammar, node: Tagged) -> str:
    """Return what of a value a type does not allow, with the path to it; empty where it may be one.

    What only the class itself can tell, such as what an adapter accepts, is not looked at.
    """
    try:
        _check(grammar, node)
    except Misfit as misfit:
        return str(misfit.error())
    return ""


def _check(grammar: Grammar, node: Tagged) -> None:
    if grammar == "any":
        return
    kind: str = grammar
    content: Any = None
    if not isinstance(grammar, str):
        kind, content = taken_apart(grammar)
    if kind == "union":
        if all(misfit_of(member, node) for member in content):
            raise unexpected(show_grammar(grammar), node)
        return
    if not _is_of(kind, content, node):
        raise unexpected(show_grammar(grammar), node)
    _check_parts(kind, grammar, content, node)


def _is_of(kind: str, content: Any, node: Tagged) -> bool:
    """Whether a value is of a kind, whatever is in it."""
    if kind == "literal":
        return any(type(one) is type(node) and one == node for one in content)
    tag = tag_of(node)
    if tag == "$numpy" and content is None:  # a scalar of numpy may stand for a plain one
        return True
    if tag not in _TAGS.get(kind, {f"${kind}"}):
        return False
    if kind == "tuple":
        return len(node[tag]) == len(content)
    return kind not in ("record", "enum", "adapter") or node[tag][0] == content


def _check_parts(kind: str, grammar: Grammar, content: Any, node: Tagged) -> None:
    inside = node[tag_of(node)] if isinstance(node, dict) else node
    if kind == "tuple":
        for number, (part, item) in enumerate(zip(content, inside, strict=True)):
            _check_one(f"[{number}]", part, item)
    elif kind == "dict":
        for name, item in inside:
            _check(content[0], name)
            _check_one(f"[{name!r}]", content[1], item)
    elif kind == "record":
        fields = grammar.get("fields", {})
        for name in inside[1].keys() & fields.keys():
            _check_one(f".{name}", fields[name][0], inside[1][name])
    elif kind in ("list", "tuple*", "sequence", "iterable", "set", "frozenset"):
        _check_items(content, inside)


def _check_items(grammar: Grammar, items: Iterable[Tagged]) -> None:
    if isinstance(grammar, str) and {tag_of(item) for item in items} <= _TAGS.get(grammar, {f"${grammar}"}):
        return
    for number, item in enumerate(items):
        _check_one(f"[{number}]", grammar, item)


def _check_one(step: str, grammar: Grammar, node: Tagged) -> None:
    try:
        _check(grammar, node)
    except Misfit as misfit:
        raise misfit.below(step) from None
