"""Hypothesis strategies: annotations with values that fit them, and tagged values."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, is_dataclass
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple, Optional, TypedDict, Union
from uuid import UUID

from hypothesis import strategies as st

from reflow.values.codec import codec
from reflow.values.tagged import Tagged


class Scenario(Enum):
    """An Enum to return and ask for."""

    HISTORICAL = "historical"
    A1B = "a1b"


class Level(IntEnum):
    """An Enum that is an int as well."""

    SURFACE = 0
    TOP = 1


class Access(Flag):
    """An Enum whose members can be joined."""

    READ = 1
    WRITE = 2
    RUN = 4


@dataclass(frozen=True)
class Period:
    """A dataclass to return and ask for."""

    first: int
    last: int
    label: str = ""
    weights: list[float] = field(default_factory=list)


class Point(NamedTuple):
    """A NamedTuple to return and ask for."""

    lat: float
    lon: float
    name: Optional[str] = None


class Settings(TypedDict, total=False):
    """A TypedDict to return and ask for."""

    chunk: int
    path: Path


Pair = tuple[Any, "st.SearchStrategy[Any]"]
"""An annotation, and the values that fit it."""

_text = st.text(st.characters(), max_size=8)
_ints = st.integers() | st.sampled_from([10**30, -(2**63), 10**700])
_paths = st.text("abc/. é", min_size=1, max_size=12).map(lambda text: Path("/data") / text.strip("/"))
_zones = st.sampled_from([None, datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=-3))])

_HASHABLE: list[Pair] = [
    (int, _ints),
    (str, _text),
    (bool, st.booleans()),
    (bytes, st.binary(max_size=8)),
    (datetime.date, st.dates()),
    (UUID, st.uuids()),
    (Scenario, st.sampled_from(Scenario)),
    (Literal["era5", "icon", 3, None], st.sampled_from(["era5", "icon", 3, None])),
]
_LEAVES: list[Pair] = [
    *_HASHABLE,
    (None, st.none()),
    (float, st.floats()),
    (complex, st.complex_numbers()),
    (Path, _paths.map(Path.absolute)),
    (datetime.time, st.times()),
    (datetime.datetime, st.datetimes(timezones=_zones)),
    (datetime.timedelta, st.timedeltas()),
    (Decimal, st.decimals()),
    (Level, st.sampled_from(Level)),
    (Access, st.sampled_from([Access(number) for number in range(8)])),
    (Period, st.builds(Period, _ints, _ints, _text, st.lists(st.floats(), max_size=2))),
    (Point, st.builds(Point, st.floats(), st.floats(), st.none() | _text)),
    (Settings, st.fixed_dictionaries({}, optional={"chunk": _ints, "path": _paths})),
]


def annotations_and_values(max_leaves: int = 6) -> st.SearchStrategy[tuple[Any, Any]]:
    """Draw an annotation that reflow knows, and a value that it allows."""
    return _pairs(max_leaves).flatmap(lambda pair: st.tuples(st.just(pair[0]), pair[1]))


def tagged_values(max_leaves: int = 6) -> st.SearchStrategy[Tagged]:
    """Draw a value as tagged JSON, without secrets."""
    return annotations_and_values(max_leaves).map(lambda drawn: codec(drawn[0]).encode(drawn[1]))


def alike(one: Any, other: Any) -> bool:
    """Whether two values are of the same types throughout and equal, NaN like NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, complex):
        return alike(one.real, other.real) and alike(one.imag, other.imag)
    if isinstance(one, Decimal):
        return str(one) == str(other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return alike(list(one), list(other)) and alike(list(one.values()), list(other.values()))
    if is_dataclass(one):
        return alike(vars(one), vars(other))
    return bool(one == other)


def _pairs(max_leaves: int) -> st.SearchStrategy[Pair]:
    return st.recursive(st.sampled_from(_LEAVES), _containers, max_leaves=max_leaves)


def _containers(pairs: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    hashable = st.sampled_from(_HASHABLE)
    two = st.tuples(pairs, pairs)
    return st.one_of(
        pairs.map(lambda pair: (_generic(list, pair[0]), _lists(pair[1]))),
        pairs.map(lambda pair: (_generic(Sequence, pair[0]), _lists(pair[1]))),
        pairs.map(lambda pair: (_generic(Iterable, pair[0]), _lists(pair[1]))),
        pairs.map(lambda pair: (_generic(tuple, pair[0], ...), _lists(pair[1]).map(tuple))),
        pairs.map(lambda pair: (_generic(Optional, pair[0]), st.none() | pair[1])),
        hashable.map(lambda pair: (_generic(set, pair[0]), st.sets(pair[1], max_size=3))),
        hashable.map(lambda pair: (_generic(frozenset, pair[0]), st.frozensets(pair[1], max_size=3))),
        two.map(lambda both: (_generic(tuple, both[0][0], both[1][0]), st.tuples(both[0][1], both[1][1]))),
        two.map(lambda both: (_generic(Union, both[0][0], both[1][0]), both[0][1] | both[1][1])),
        st.tuples(hashable, pairs).map(_dicts),
    )


def _generic(origin: Any, *arguments: Any) -> Any:
    return origin[arguments if len(arguments) > 1 else arguments[0]]


def _dicts(both: tuple[Pair, Pair]) -> Pair:
    (key, keys), (value, values) = both
    return _generic(dict, key, value), st.dictionaries(keys, values, max_size=3)


def _lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=3)
