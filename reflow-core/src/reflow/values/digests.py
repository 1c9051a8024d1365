"""Digests of tagged values, the same in every process and for every order of a set or dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reflow.model.digest import canonical, digest, digest_many
from reflow.values.tagged import Tagged

_NUMBERS = {int, bool, type(None)}


def value_digest(tagged: Tagged) -> bytes:
    """Return the digest of a value, as 32 bytes.

    Values that Python tells apart by type digest differently (1, 1.0 and True; (1,) and [1]); NaN is like NaN.
    A list's is `list_digest` of the digests of its items.
    """
    if type(tagged) is list:
        return digest_many("list", _each(tagged))
    if type(tagged) is dict:
        for tag, rule in _RULES.items():
            if tag in tagged:
                return rule(tagged[tag])
    return digest("value", tagged)


def item_digests(tagged: Tagged) -> list[bytes] | None:
    """Return the digest of each item of a list or ``$tuple``, in order; None for anything else."""
    if type(tagged) is list:
        return _each(tagged)
    if type(tagged) is dict and type(items := tagged.get("$tuple")) is list:
        return _each(items)
    return None


def list_digest(items: list[bytes]) -> bytes:
    """Return the digest of the list whose items have these digests."""
    return digest_many("list", items)


def _each(items: list[Tagged]) -> list[bytes]:
    if set(map(type, items)) <= _NUMBERS and items:
        texts = canonical(items)[1:-1].encode("ascii").split(b",")
        return [
            digest_many("value", [text]) for text in texts
        ]  # as digest() has it, without a call of json each
    return [value_digest(item) if type(item) in (list, dict) else digest("value", item) for item in items]


def _tuple(items: list[Tagged]) -> bytes:
    return digest_many("tuple", _each(items))


def _set(items: list[Tagged]) -> bytes:
    return digest_many("set", sorted(_each(items)))


def _frozenset(items: list[Tagged]) -> bytes:
    return digest_many("frozenset", sorted(_each(items)))


def _dict(pairs: list[list[Tagged]]) -> bytes:
    digests = sorted((value_digest(key), value_digest(value)) for key, value in pairs)
    return digest_many("dict", [part for pair in digests for part in pair])


def _record(content: list[Any]) -> bytes:
    name, fields = content
    parts = [digest("field", name)]
    for field in sorted(fields):
        parts += digest("field", field), value_digest(fields[field])
    return digest_many("record", parts)


_RULES: dict[str, Callable[[Any], bytes]] = {
    "$tuple": _tuple,
    "$set": _set,
    "$frozenset": _frozenset,
    "$dict": _dict,
    "$record": _record,
}
