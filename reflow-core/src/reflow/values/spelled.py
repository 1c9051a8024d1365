"""Tagged values to words of the command line: what `reflow.values.text.parse_words` reads, written."""

from __future__ import annotations

from typing import Any

from reflow.values.grammar import Grammar
from reflow.values.show import show
from reflow.values.tagged import Tagged, tag_of, text_of
from reflow.values.text import takes_many

_SEVERAL = ("$tuple", "$set", "$frozenset")
_JSON = ("list", *_SEVERAL, "$dict", "$record", "$adapter")


def to_words(grammar: Grammar, tagged: Tagged) -> list[str]:
    """Return the words that say a value of a type: one, or one for each item where `takes_many` says so.

    A text that could be one of several types is a bare word, though it may be read as another of them.
    """
    many = tagged is not None and takes_many(grammar)
    return list(map(_word, _items(tagged))) if many else [_word(tagged)]


def _items(tagged: Tagged) -> list[Tagged]:
    return tagged if type(tagged) is list else tagged[tag_of(tagged)]


def _word(tagged: Tagged) -> str:
    tag = tag_of(tagged)
    if tag in _JSON:
        import json

        return json.dumps(_json(tagged), ensure_ascii=False)
    if tag in ("none", "bool"):
        return show(tagged).lower()
    if tag in ("str", "$str"):
        return text_of(tagged)
    if tag == "$path":
        return str(tagged[tag][0])
    if tag == "$bytes":
        return _of_bytes(tagged[tag])
    return _duration(*tagged[tag]) if tag == "$timedelta" else show(tagged, limit=1000)


def _json(tagged: Tagged) -> Any:
    tag = tag_of(tagged)
    if tag == "list" or tag in _SEVERAL:
        return list(map(_json, _items(tagged)))
    if tag == "$dict":
        return {_word(key): _json(value) for key, value in tagged[tag]}
    if tag == "$record":
        return {name: _json(value) for name, value in tagged[tag][1].items()}
    if tag == "$adapter":
        return tagged[tag][1]
    if tag == "$float":
        return float(tagged[tag])
    return _word(tagged) if tag.startswith("$") or tag == "str" else tagged


def _of_bytes(content: str) -> str:
    import base64
    import os

    return os.fsdecode(base64.b64decode(content))


def _duration(days: int, seconds: int, microseconds: int) -> str:
    if days < 0:
        total = -((days * 86400 + seconds) * 10**6 + microseconds)
        days, rest = divmod(total, 86400 * 10**6)
        return "-" + _duration(days, *divmod(rest, 10**6))
    hours, minutes, whole = seconds // 3600, seconds // 60 % 60, seconds % 60
    second = f"{whole}.{microseconds:06d}".rstrip("0") if microseconds else str(whole)
    clock = [f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (second, "S")) if str(n) != "0"]
    day = f"{days}D" if days else ""
    return f"P{day}T{''.join(clock)}" if clock else f"P{day or 'T0S'}"
