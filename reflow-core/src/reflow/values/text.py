"""Text of the command line to tagged values."""

from __future__ import annotations

from collections.abc import Sequence

from reflow.errors import ParameterError
from reflow.values.grammar import Grammar, show_grammar
from reflow.values.jsontext import from_json, many, read_json, read_named
from reflow.values.show import show as show
from reflow.values.tagged import Tagged, tag_of, text_of
from reflow.values.words import NotThis, read_word

_MANY = ("list", "sequence", "iterable", "set", "frozenset", "tuple*", "tuple")


def parse_words(grammar: Grammar, words: Sequence[str], name: str, *, secret: bool = False) -> Tagged:
    """Return the tagged value that the words after a flag say.

    One word, or several where `takes_many` says so. A dict, a record and a union of several types are JSON or
    ``@file.json``. Paths become absolute.

    Args:
        name: What the message calls the parameter: ``--start``.
        secret: The message does not show the words.

    Raises:
        ParameterError: They do not say a value of this type.
    """
    try:
        return _parse(without_none(grammar), words)
    except NotThis as reason:
        shown = "***" if secret else " ".join(repr(word) for word in words)[:120] or "nothing"
        hint = "" if secret and "got" in str(reason) else str(reason)
        raise ParameterError(
            f"{name} takes {show_grammar(grammar)}, not {shown}" + (f"\n{hint}" if hint else "")
        ) from None


def takes_many(grammar: Grammar) -> bool:
    """Whether a value is written as several words: a list, a tuple or a set."""
    return kind_of_grammar(without_none(grammar)) in _MANY


def is_flag(grammar: Grammar) -> bool:
    """Whether a value is written as ``--x`` or ``--no-x``."""
    return bool(without_none(grammar) == "bool")


def choices(grammar: Grammar) -> list[str] | None:
    """Return the words that can stand for a value, or for each of its items; None when they are not a short list."""
    item = item_grammar(grammar)
    grammar = without_none(grammar if item is None else item)
    kind = kind_of_grammar(grammar)
    if kind == "enum":
        return None if grammar.get("flag") else list(grammar["names"])
    return [_literal_word(value) for value in grammar["literal"]] if kind == "literal" else None


def item_grammar(grammar: Grammar) -> Grammar | None:
    """Return the type of each item of what takes any number of words; None where a value is one, or of fixed length."""
    grammar = without_none(grammar)
    kind = kind_of_grammar(grammar)
    return grammar[kind] if kind in _MANY and kind != "tuple" else None


def kind_of_grammar(grammar: Grammar) -> str:
    """Return the word that says what a grammar is: ``int``, ``list``, ``union``."""
    return grammar if isinstance(grammar, str) else next(iter(grammar))


def without_none(grammar: Grammar) -> Grammar:
    """Return the type that an Optional is of; any other type as it is."""
    if kind_of_grammar(grammar) != "union":
        return grammar
    members = [member for member in grammar["union"] if member != "none"]
    return members[0] if len(members) == 1 else {"union": members}


def _parse(grammar: Grammar, words: Sequence[str]) -> Tagged:
    kind = kind_of_grammar(grammar)
    if kind == "tuple":
        members = grammar["tuple"]
        if len(members) != len(words):
            raise NotThis(f"write {len(members)} values")
        return {"$tuple": [_word(member, word) for member, word in zip(members, words, strict=True)]}
    if kind in _MANY:
        return many(grammar, [_word(grammar[kind], word) for word in words])
    if len(words) != 1:
        raise NotThis("write one value")
    return _word(grammar, words[0])


def _word(grammar: Grammar, word: str) -> Tagged:
    grammar = without_none(grammar)
    kind = kind_of_grammar(grammar)
    if kind in ("enum", "numpy"):
        return read_named(grammar, word)
    if kind == "literal":
        return _literal(grammar["literal"], word)
    if kind in ("union", "any"):
        return _json_or_word(grammar, word)
    if isinstance(grammar, str):
        return read_word(grammar, word)
    return from_json(grammar, read_json(_content(word)))


def _json_or_word(grammar: Grammar, word: str) -> Tagged:
    """Read JSON if it is some of a member; else the first member that takes the bare word."""
    try:
        return from_json(grammar, read_json(_content(word)))
    except NotThis as reason:
        members = grammar["union"] if kind_of_grammar(grammar) == "union" else ["str"]
        for member in sorted(members, key=lambda each: bool(each == "str")):
            if kind_of_grammar(member) in ("dict", "record", "typeddict", "adapter", *_MANY):
                continue
            try:
                return _word(member, word)
            except NotThis:
                continue
        raise reason


def _content(word: str) -> str:
    if not word.startswith("@"):
        return word
    try:
        with open(word[1:], encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise NotThis(f"cannot read {word[1:]}: {getattr(error, 'strerror', None) or error}") from error


def _literal(values: list[Tagged], word: str) -> Tagged:
    for value in values:
        if _literal_word(value) == word:
            return value
    raise NotThis(f"choose from {', '.join(map(_literal_word, values))}")


def _literal_word(value: Tagged) -> str:
    if tag_of(value) in ("str", "$str"):
        return text_of(value)
    return show(value).lower() if value is None or isinstance(value, bool) else show(value)
