"""The one place that hashes: digests of JSON, and of tagged values, the same in any process.

Those of values are the same for every order of a set or dict.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from reflow.values.tagged import Tagged

DIGEST_SIZE = 32  #: bytes in every digest

_NUMBERS = {int, bool, type(None)}
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False
)


def _sha256() -> Any:
    """Return Python's own SHA-256: hashlib loads OpenSSL, which takes longer than all that a worker hashes."""
    try:
        return __import__("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256
    except ImportError:
        import hashlib

        return hashlib.sha256


sha256 = _sha256()


def canonical(value: object) -> str:
    """Return a JSON value as the one text that stands for it: sorted keys, ASCII, no white space."""
    return repr(value) if type(value) is int else _ENCODER.encode(value)  # the same, in a tenth of the time


def digest(kind: str, value: object) -> bytes:
    """Return the SHA-256 of a JSON value under a kind tag, as 32 bytes.

    Equal values digest equally in any process and on any Python; values of two kinds never do.

    Raises:
        TypeError: The value is not JSON (there is no ``default=``: nothing is hashed by its repr).
        ValueError: The value holds a NaN or an infinity that was not tagged.
    """
    found: bytes = sha256(f"{kind}\0{canonical(value)}".encode("ascii")).digest()
    return found


def digest_many(kind: str, parts: list[bytes]) -> bytes:
    """Return the digest of a sequence of digests, in order, as 32 bytes."""
    found: bytes = sha256(f"{kind}\0".encode("ascii") + b"".join(parts)).digest()
    return found


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
