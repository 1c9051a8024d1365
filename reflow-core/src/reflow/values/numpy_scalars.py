"""Scalars of numpy, when it is there: a value of numpy's own types keeps its type."""

from __future__ import annotations

import sys
from binascii import a2b_base64, b2a_base64
from typing import Any

from reflow.values.coder import Misfit, expected
from reflow.values.tagged import tag_str, text_of

_KINDS = {"bool": "b", "int": "iu", "float": "f", "complex": "c", "str": "U", "bytes": "S"}
"""What numpy calls its own versions of Python's types; a returned ``numpy.int64`` is as good as an ``int``."""


_WIDENED = {"float": "biu", "complex": "biuf"}


def is_numpy(value: object) -> bool:
    """Whether a value is a scalar of numpy."""
    return type(value).__module__ == "numpy" and isinstance(value, sys.modules["numpy"].generic)


def fits_kind(value: Any, kind: str) -> bool:
    """Whether a scalar of numpy is one that may stand for Python's type of this kind."""
    return kind in _KINDS and value.dtype.kind in _KINDS[kind]


def widens_to(value: Any, kind: str) -> bool:
    """Whether a scalar of numpy can be made one of Python's wider kind, as an int can be made a float."""
    return kind in _WIDENED and value.dtype.kind in _WIDENED[kind]


def tag_numpy(value: Any) -> dict[str, list[str]]:
    """Return a scalar of numpy as ``$numpy``."""
    kind, name = value.dtype.kind, value.dtype.name
    if kind == "b" or kind in "iu":
        return {"$numpy": [name, str(int(value))]}
    if kind == "f":
        return {"$numpy": [name, _float(value)]}
    if kind == "c":
        return {"$numpy": [name, f"{_float(value.real)} {_float(value.imag)}"]}
    if kind in "mM":
        return {"$numpy": [value.dtype.str[1:], str(int(value.view("i8")))]}
    if kind == "U":
        return {"$numpy": ["str", tag_str(str(value))]}
    if kind == "S":
        return {"$numpy": ["bytes", b2a_base64(bytes(value), newline=False).decode("ascii")]}
    raise expected("a number, text or time of numpy", value)


def untag_numpy(content: list[str]) -> Any:
    """Return the scalar of numpy that ``$numpy`` stands for.

    Raises:
        Misfit: numpy is not installed here.
    """
    try:
        import numpy
    except ImportError as error:
        raise Misfit(
            f"a value of numpy's type {content[0]} needs numpy, which is not installed here"
        ) from error
    name, text = content
    if name == "str":
        return numpy.str_(text_of(text))
    if name == "bytes":
        return numpy.bytes_(a2b_base64(text))
    kind = numpy.dtype(name)
    if kind.kind in "mM":
        return numpy.int64(int(text)).view(kind)
    if kind.kind in "biu":
        return kind.type(int(text))
    real, *imaginary = text.split(" ")
    if not imaginary:
        return kind.type(real)
    value = numpy.zeros(1, kind)
    value.real, value.imag = real, imaginary[0]
    return value[0]


def plain_numpy(content: list[str]) -> object:
    """Return Python's nearest value, without numpy: a number, or the text of a time."""
    name, text = content
    if name == "bool":
        return text == "1"
    if name.startswith(("int", "uint")):
        return int(text)
    if name.startswith("float"):
        return float(text)
    if name.startswith("complex"):
        return complex(*map(float, text.split(" ")))
    if name == "bytes":
        return a2b_base64(text)
    if name.startswith(("M8", "m8")):
        from reflow.values.numpy_times import time_text

        return time_text(name, int(text))
    return text_of(text)


def _float(value: Any) -> str:
    return repr(float(value)) if value.dtype.itemsize <= 8 else str(value)
