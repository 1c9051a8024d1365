"""Values without parts, from None to UUID, as tagged JSON and back; what few kinds need is imported when one is met."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from reflow.values.coder import Coder, Misfit, expected, unexpected
from reflow.values.tagged import Tagged, tag_int, tag_of, tag_str, unescaped

SCALARS = {
    ("builtins", "bool"): "bool",
    ("builtins", "int"): "int",
    ("builtins", "float"): "float",
    ("builtins", "complex"): "complex",
    ("builtins", "str"): "str",
    ("builtins", "bytes"): "bytes",
    ("pathlib", "Path"): "path",
    ("pathlib", "PosixPath"): "path",
    ("pathlib._local", "Path"): "path",
    ("pathlib._local", "PosixPath"): "path",
    ("datetime", "date"): "date",
    ("datetime", "time"): "time",
    ("datetime", "datetime"): "datetime",
    ("datetime", "timedelta"): "timedelta",
    ("uuid", "UUID"): "uuid",
    ("decimal", "Decimal"): "decimal",
}  #: the kind of each class, known by name so that nothing is imported to ask

_SUBCLASS = "; a subclass is not kept as it is, return {}(...)"


def kind_of(value: object) -> str | None:
    """Return the kind of a value's exact type, None when it is no scalar."""
    cls = type(value)
    return "none" if value is None else SCALARS.get((cls.__module__, cls.__qualname__))


def scalar_coder(kind: str, cls: type | None = None) -> Coder:
    """Return the coder of a kind; ``cls`` is the class that the annotation names."""
    if kind in _BARE:
        return _BARE[kind]
    types = frozenset() if cls is None else frozenset({type(cls()) if kind == "path" else cls})
    return Coder(_encoder(kind), _decoder(kind), types, frozenset({f"${kind}"}))


def write_scalar(kind: str, value: Any) -> Tagged:
    """Return the tagged value of one whose kind is known."""
    if kind in ("none", "bool"):
        return value
    return _TAG[kind](value) if kind in _TAG else {f"${kind}": _WRITE[kind](value)}


def read_scalar(tag: str, content: Any) -> object:
    """Return the value of a tag that stands for a scalar.

    Raises:
        Misfit: The content is not what this tag holds.
    """
    try:
        return _READ[tag](content)
    except (ValueError, TypeError, ArithmeticError, KeyError) as error:
        raise Misfit(f"damaged value: {{{tag!r}: {content!r}}} ({error})") from error


def _encoder(kind: str) -> Callable[[object, int], Tagged]:
    write, tag, wider = _WRITE[kind], f"${kind}", _NARROWER.get(kind, ())

    def encode(value: Any, depth: int) -> Tagged:
        found = kind_of(value)
        if found == kind:
            return {tag: write(value)}
        if found in wider:
            return write_scalar(found, value)
        numpy = _numpy()
        if numpy.is_numpy(value) and (numpy.fits_kind(value, kind) or numpy.widens_to(value, kind)):
            return numpy.tag_numpy(value)
        raise _expected(kind, value)

    return encode


def _decoder(kind: str) -> Callable[[Tagged, bool], object]:
    tag, widen_by = f"${kind}", _WIDEN.get(kind)

    def decode(node: Tagged, widen: bool) -> object:
        if type(node) is dict and tag in node:
            return read_scalar(tag, node[tag])
        found = tag_of(node)
        if kind == "date" and found == "$datetime":
            return read_scalar(found, node[found])
        if found == "$numpy" and _numpy().fits_kind(value := read_scalar(found, node[found]), kind):
            return value
        if widen and widen_by and found in ("bool", "int", "$int", "$float", "$numpy"):
            return _widened(kind, widen_by, node, found)
        raise unexpected(_label(kind), node)

    return decode


def _widened(kind: str, widen_by: Callable[[Any], object], node: Tagged, found: str) -> object:
    value: Any = node if found in ("bool", "int") else read_scalar(found, node[found])
    if (found == "$float" and kind == "float") or (found == "$numpy" and not _numpy().widens_to(value, kind)):
        raise unexpected(_label(kind), node)
    try:
        return widen_by(value)
    except OverflowError as error:
        raise Misfit(f"an int of {int(value).bit_length()} bits is too large for a {kind}") from error


def _encode_none(value: object, depth: int) -> Tagged:
    if value is not None:
        raise expected("None", value)
    return None


def _encode_bool(value: object, depth: int) -> Tagged:
    if value is True or value is False:
        return value
    if tagged := _if_numpy(value, "bool"):
        return tagged
    raise expected("bool", value)


def _encode_int(value: Any, depth: int) -> Tagged:
    if type(value) is int:
        return tag_int(value)
    if value is True or value is False:
        return value
    if tagged := _if_numpy(value, "int"):
        return tagged
    raise _expected("int", value)


def _encode_str(value: object, depth: int) -> Tagged:
    if type(value) is str:
        return tag_str(value)
    if tagged := _if_numpy(value, "str"):
        return tagged
    raise _expected("str", value)


def _decode_bare(kind: str, types: tuple[type, ...]) -> Callable[[Tagged, bool], object]:
    def decode(node: Tagged, widen: bool) -> object:
        if type(node) in types:
            return node
        found = tag_of(node)
        if found == f"${kind}":
            return read_scalar(found, node[found])
        if found == "$numpy" and _numpy().fits_kind(value := read_scalar(found, node[found]), kind):
            return value
        raise unexpected(_label(kind), node)

    return decode


def _if_numpy(value: Any, kind: str) -> Tagged | None:
    """Return a scalar of numpy that may stand for a kind as it is kept; None for anything else."""
    numpy = _numpy()
    return numpy.tag_numpy(value) if numpy.is_numpy(value) and numpy.fits_kind(value, kind) else None


def _expected(kind: str, value: object) -> Misfit:
    bases = [SCALARS.get((base.__module__, base.__qualname__)) for base in type(value).__mro__[1:]]
    if kind in bases and isinstance(value, Enum):
        return expected(_label(kind), value, "; return its .value, or annotate the Enum")
    return expected(_label(kind), value, _SUBCLASS.format(_label(kind)) if kind in bases else "")


def _label(kind: str) -> str:
    return {"none": "None", "path": "Path", "uuid": "UUID", "decimal": "Decimal"}.get(kind, kind)


def _numpy() -> Any:
    from reflow.values import numpy_scalars

    return numpy_scalars


def _moments() -> Any:
    from reflow.values import moments

    return moments


def _write_bytes(value: bytes) -> str:
    from binascii import b2a_base64

    return b2a_base64(value, newline=False).decode("ascii")


def _read_bytes(content: str) -> bytes:
    from binascii import a2b_base64

    return a2b_base64(content)


def _write_path(value: Any) -> list[object]:
    from reflow.values.paths import absolute, is_file_name

    text = str(value)
    if not is_file_name(text):
        raise Misfit(f"no file can have the name {text!r}")
    return [absolute(text), None]


def _read_path(content: list[Any]) -> object:
    from pathlib import Path

    return Path(content[0])


def _read_timedelta(content: list[int]) -> object:
    from datetime import timedelta

    return timedelta(*content)


def _read_uuid(content: str) -> object:
    from uuid import UUID

    return UUID(content)


def _read_decimal(content: str) -> object:
    from decimal import Decimal

    return Decimal(content)


_TAG: dict[str, Callable[[Any], Tagged]] = {"int": tag_int, "str": tag_str}
_WRITE: dict[str, Callable[[Any], Any]] = {
    "float": repr,
    "complex": lambda value: [repr(value.real), repr(value.imag)],
    "bytes": _write_bytes,
    "path": _write_path,
    "date": lambda value: _moments().write_date(value),
    "time": lambda value: _moments().write_moment(value),
    "datetime": lambda value: _moments().write_moment(value),
    "timedelta": lambda value: [value.days, value.seconds, value.microseconds],
    "uuid": str,
    "decimal": str,
}
_READ: dict[str, Callable[[Any], object]] = {
    "$int": lambda content: int(content, 16),
    "$str": unescaped,
    "$float": float,
    "$complex": lambda content: complex(float(content[0]), float(content[1])),
    "$bytes": _read_bytes,
    "$path": _read_path,
    "$date": lambda content: _moments().read_date(content),
    "$time": lambda content: _moments().read_time(content),
    "$datetime": lambda content: _moments().read_datetime(content),
    "$timedelta": _read_timedelta,
    "$uuid": _read_uuid,
    "$decimal": _read_decimal,
    "$numpy": lambda content: _numpy().untag_numpy(content),
}
_NARROWER = {"float": ("int", "bool"), "complex": ("float", "int", "bool"), "date": ("datetime",)}
_WIDEN: dict[str, Callable[[Any], object]] = {"float": float, "complex": complex}
_BARE = {
    "none": Coder(
        _encode_none,
        _decode_bare("none", (type(None),)),
        frozenset({type(None)}),
        frozenset({"none"}),
        frozenset({type(None)}),
    ),
    "bool": Coder(
        _encode_bool, _decode_bare("bool", (bool,)), frozenset({bool}), frozenset({"bool"}), frozenset({bool})
    ),
    "int": Coder(
        _encode_int,
        _decode_bare("int", (int, bool)),
        frozenset({int}),
        frozenset({"int", "$int"}),
        frozenset({int, bool}),
    ),
    "str": Coder(
        _encode_str,
        _decode_bare("str", (str,)),
        frozenset({str}),
        frozenset({"str", "$str"}),
        frozenset({str}),
    ),
}
