"""Enums, Literals and what adapters know come back as what they were."""

from __future__ import annotations

import enum
import math
from fractions import Fraction
from typing import Any, Literal, Union

import pytest

from reflow.contracts.adapter import Adapter
from reflow.errors import DefinitionError, ValueMisfit
from reflow.values.codec import codec


class Color(enum.Enum):
    RED = 1
    ROT = 1  # noqa: PIE796  # an alias
    GREEN = "g"


class Word(str, enum.Enum):
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2
    ALL = 3
    RUN = 4


class Bits(enum.IntFlag):
    LOW = 1
    HIGH = 8


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Color.RED, "RED"),
        (Color.ROT, "RED"),
        (Color.GREEN, "GREEN"),
        (Word.A, "A"),
        (Number.ONE, "ONE"),
        (Rights.READ, "READ"),
        (Rights.ALL, "READ|WRITE"),
        (Rights.READ | Rights.RUN, "READ|RUN"),
        (Rights(0), "0"),
        (Bits.LOW | Bits.HIGH, "LOW|HIGH"),
        (Bits.LOW | Bits(6), "LOW|6"),
    ],
    ids=repr,
)
def test_a_member_travels_by_its_name(value, name):
    own = codec(type(value))

    assert own.encode(value)["$enum"][1] == name
    assert own.decode(own.encode(value)) is value or own.decode(own.encode(value)) == value
    assert type(own.decode(own.encode(value))) is type(value)


def test_an_enum_has_only_its_own_members():
    with pytest.raises(ValueMisfit, match=r"Color has no member 'BLUE' \(it has RED, GREEN\)"):
        codec(Color).decode({"$enum": [codec(Color).encode(Color.RED)["$enum"][0], "BLUE"]})
    with pytest.raises(ValueMisfit, match="expected Color"):
        codec(Color).decode(codec(Word).encode(Word.A))
    with pytest.raises(ValueMisfit, match="expected Color, got int 1"):
        codec(Color).encode(1)


def test_a_member_is_no_int_or_str():
    with pytest.raises(
        ValueMisfit, match=r"expected str, got Word .*; return its \.value, or annotate the Enum"
    ):
        codec(str).encode(Word.A)
    with pytest.raises(ValueMisfit, match=r"return its \.value"):
        codec(int).encode(Number.ONE)


def test_a_union_of_an_enum_and_its_base_keeps_both():
    own = codec(Union[str, Word])

    assert [own.decode(own.encode(value)) for value in (Word.A, "a")] == [Word.A, "a"]
    assert type(own.decode(own.encode(Word.A))) is Word


def test_the_values_of_a_literal_are_told_apart_by_type():
    own = codec(Literal[1, True, "1", None, b"x", Color.RED])

    for value in (1, True, "1", None, b"x", Color.RED):
        assert own.decode(own.encode(value)) is value or value == b"x"


def test_a_literal_refuses_everything_else():
    for value in ("nonsense", 1, ["era5"], None):
        with pytest.raises(ValueMisfit, match=r"expected Literal\['era5', 'icon'\]"):
            codec(Literal["era5", "icon"]).encode(value)


class FractionAdapter(Adapter):
    name = "fraction"

    def encode(self, value: object) -> object:
        if not isinstance(value, Fraction):
            raise ValueMisfit(f"expected a fraction, got {value!r}")
        return {"n": value.numerator, "d": value.denominator}

    def decode(self, data: Any) -> object:
        return Fraction(data["n"], data["d"])


class BrokenAdapter(Adapter):
    name = "broken"

    def encode(self, value: object) -> object:
        return {"nan": math.nan}

    def decode(self, data: object) -> object:
        raise RuntimeError("no")


def fractions(annotation):
    return FractionAdapter() if annotation is Fraction else None


def broken(annotation):
    return BrokenAdapter()


def test_an_adapter_is_asked_for_types_that_reflow_does_not_know():
    own = codec(dict[str, list[Fraction]], fractions)
    tagged = own.encode({"a": [Fraction(1, 3)]})

    assert tagged == {"$dict": [["a", [{"$adapter": ["fraction", {"n": 1, "d": 3}]}]]]}
    assert own.decode(tagged) == {"a": [Fraction(1, 3)]}


def test_an_adapter_is_never_asked_for_types_that_reflow_knows():
    assert codec(list[int], broken).encode([1]) == [1]


def test_without_an_adapter_the_type_is_refused():
    with pytest.raises(DefinitionError, match=r"Fraction\n.*reflow_adapter"):
        codec(Fraction)


def test_the_refusal_of_an_adapter_has_a_path():
    with pytest.raises(ValueMisfit, match=r"^\[1\]: expected a fraction, got 3$"):
        codec(list[Fraction], fractions).encode([Fraction(1), 3])


def test_what_an_adapter_does_wrong_is_said_with_its_name():
    with pytest.raises(ValueMisfit, match="the adapter 'broken' could not encode it: ValueError"):
        codec(Fraction, broken).encode(Fraction(1))
    with pytest.raises(ValueMisfit, match="the adapter 'broken' could not decode it: RuntimeError: no"):
        codec(Fraction, broken).decode({"$adapter": ["broken", 1]})
