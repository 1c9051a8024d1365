"""One word of text to one tagged value, for types that a word can say."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from reflow.values.paths import absolute
from reflow.values.scalars import write_scalar
from reflow.values.tagged import Tagged

_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")
_INFINITE = float("inf")


class NotThis(Exception):
    """A word that does not say a value of this type; its text says what would."""


def read_word(kind: str, word: str) -> Tagged:
    """Return the tagged value that a word says.

    Args:
        kind: The kind of a scalar, as in the grammar.

    Raises:
        NotThis: It says none.
    """
    try:
        return write_scalar(kind, _READ[kind](word))
    except NotThis:
        raise
    except (ValueError, ArithmeticError, TypeError, KeyError):
        raise NotThis(_EXAMPLES.get(kind, "")) from None


def read_path(word: str) -> str:
    """Return a path as it is kept: ``~`` expanded, absolute from the current directory."""
    if not word or "\0" in word:
        raise NotThis("an empty path is none" if not word else "a path holds no NUL")
    return absolute(os.path.expanduser(word))


def read_float(word: str) -> float:
    """Return the number that is nearest to what a word says; infinity only where it says so.

    Raises:
        NotThis: It is larger than any float.
    """
    value = float(word)
    check_not_larger(word, value)
    return value


def check_not_larger(word: str, *parts: object) -> None:
    """Refuse a number that was read from a word and is infinite, where the word does not say that. Raises `NotThis`."""
    if not {_INFINITE, -_INFINITE}.isdisjoint(parts) and "inf" not in word.lower():
        raise NotThis(f"{word[:40]} is larger than any such number; for infinity write: inf")


def _complex(word: str) -> complex:
    value = complex(word.replace(" ", ""))
    check_not_larger(word, value.real, value.imag)
    return value


def _bool(word: str) -> bool:
    if word.lower() in _YES + _NO:
        return word.lower() in _YES
    raise NotThis("true or false")


def _none(word: str) -> None:
    if word.lower() not in ("none", "null"):
        raise NotThis("none")


def _date(word: str) -> Any:
    from reflow.values.moments import read_date

    return read_date(word)


def _time(word: str) -> Any:
    from reflow.values.moments import read_time

    return read_time(word)


def _datetime(word: str) -> Any:
    from reflow.values.moments import read_datetime

    return read_datetime(word)


def _timedelta(word: str) -> Any:
    import re
    from datetime import timedelta

    found = re.fullmatch(_DURATION, word, re.ASCII)
    if not found or not any(value for name, value in found.groupdict().items() if name != "sign"):
        raise NotThis(_EXAMPLES["timedelta"])
    parts = {name: float(value) for name, value in found.groupdict().items() if value and name != "sign"}
    value = timedelta(**parts)
    return -value if found["sign"] else value


def _uuid(word: str) -> Any:
    from uuid import UUID

    return UUID(word)


def _decimal(word: str) -> Any:
    from decimal import Decimal

    return Decimal(word)


_DURATION = (
    r"(?P<sign>-)?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_EXAMPLES = {
    "int": "write a whole number: 5",
    "float": "write a number: 0.5",
    "complex": "write it like 1+2j",
    "date": "write it like 2025-01-31",
    "time": "write it like 13:30 or 13:30:00",
    "datetime": "write it like 2025-01-31T13:30:00",
    "timedelta": "write it like PT30M or P1DT12H",
    "uuid": "write it like 123e4567-e89b-12d3-a456-426614174000",
    "decimal": "write a decimal number: 0.10",
}


_READ: dict[str, Callable[[str], Any]] = {
    "none": _none,
    "bool": _bool,
    "int": int,
    "float": read_float,
    "complex": _complex,
    "str": str,
    "bytes": os.fsencode,
    "path": read_path,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "timedelta": _timedelta,
    "uuid": _uuid,
    "decimal": _decimal,
}
