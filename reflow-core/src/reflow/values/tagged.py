"""Tagged JSON: None, bool, int, str and list stand as they are, all else is an object with one key.

======================== ===================================================================
``$int``                 hexadecimal text of an int of more than 2,000 bits
``$str``                 escaped text of a str with surrogates, two of which JSON would read as one letter
``$float``               its repr
``$complex``             [repr, repr]
``$bytes``               base64
``$path``                [absolute text, stamp]
``$date $time $datetime`` ISO 8601, then ``[Zone/Name]`` or ``[name=CET]``, then ``[fold=1]``
``$timedelta``           [days, seconds, microseconds]
``$uuid $decimal``       text
``$enum``                [type name, member name]
``$tuple``               [item, ...]
``$set $frozenset``      [item, ...], sorted by canonical text
``$dict``                [[key, value], ...] in its own order
``$record``              [type name, {field: value}]
``$numpy``               [dtype, text]
``$adapter``             [adapter's name, its JSON]
``$secret``              the HMAC of a value that stands elsewhere
======================== ===================================================================
"""

from __future__ import annotations

from typing import Any

Tagged = Any  #: a value in this form

MAX_DEPTH = 200  #: containers inside each other
_BIG = 1 << 2000  # Python refuses to turn some longer ints into decimal digits and back

_BARE: dict[type, str] = {type(None): "none", bool: "bool", int: "int", str: "str", list: "list"}


def tag_of(node: Tagged) -> str:
    """Return a node's tag; ``none``, ``bool``, ``int``, ``str`` or ``list`` for what stands as it is.

    An object that is no tagged value has the tag ``?``.
    """
    if type(node) is dict:
        tag = next(iter(node)) if len(node) == 1 else ""
        return tag if tag[:1] == "$" else "?"
    return _BARE.get(type(node), "?")


def tag_int(value: int) -> Tagged:
    """Return an int as it is, or as ``$int`` when it is too long for decimal JSON."""
    return value if -_BIG < value < _BIG else {"$int": hex(value)}


def tag_str(value: str) -> Tagged:
    """Return a text as it is, or as ``$str`` when it has surrogates."""
    return value if is_unicode(value) else {"$str": value.encode("unicode_escape").decode("ascii")}


def text_of(node: Tagged) -> str:
    """Return the text that `tag_str` made this of."""
    return node if type(node) is str else unescaped(node["$str"])


def unescaped(content: str) -> str:
    """Return the text that stands in a ``$str``."""
    return content.encode("ascii").decode("unicode_escape")


def is_unicode(text: str) -> bool:
    """Whether a text is one that could be written to a file: no surrogates."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def are_short(values: list[int]) -> bool:
    """Whether all these ints stand as they are; there must be one at least."""
    return max(values) < _BIG and min(values) > -_BIG
