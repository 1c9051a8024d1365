"""Types are described as JSON that says all the command line needs."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, Union

import pytest
from hypothesis import given

from reflow.errors import DefinitionError
from reflow.testing.strategies import annotations_and_values
from reflow.values.grammar import describe, show_grammar


class Color(enum.Enum):
    RED = 1
    ROT = 1  # noqa: PIE796  # an alias
    GREEN = 2


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Tree:
    name: str
    kids: list[Tree] = field(default_factory=list)


class Options(TypedDict, total=False):
    chunk: int


NAME = __name__
TREE = {
    "record": f"{NAME}:Tree",
    "fields": {"name": ["str", True], "kids": [{"list": {"record": f"{NAME}:Tree"}}, False]},
}


@pytest.mark.parametrize(
    ("annotation", "grammar", "text"),
    [
        (None, "none", "None"),
        (bool, "bool", "bool"),
        (int, "int", "int"),
        (float, "float", "float"),
        (complex, "complex", "complex"),
        (str, "str", "str"),
        (bytes, "bytes", "bytes"),
        (Path, "path", "Path"),
        (dt.date, "date", "date"),
        (dt.time, "time", "time"),
        (dt.datetime, "datetime", "datetime"),
        (dt.timedelta, "timedelta", "timedelta"),
        (uuid.UUID, "uuid", "UUID"),
        (Decimal, "decimal", "Decimal"),
        (Any, "any", "Any"),
        (Color, {"enum": f"{NAME}:Color", "names": ["RED", "GREEN"]}, "Color"),
        (Rights, {"enum": f"{NAME}:Rights", "names": ["READ", "WRITE"], "flag": True}, "Rights"),
        (Literal["a", 1, None], {"literal": ["a", 1, None]}, "Literal['a', 1, None]"),
        (list[int], {"list": "int"}, "list[int]"),
        (list, {"list": "any"}, "list[Any]"),
        (set[str], {"set": "str"}, "set[str]"),
        (frozenset[str], {"frozenset": "str"}, "frozenset[str]"),
        (Sequence[int], {"sequence": "int"}, "Sequence[int]"),
        (Iterable[int], {"iterable": "int"}, "Iterable[int]"),
        (tuple[int, str], {"tuple": ["int", "str"]}, "tuple[int, str]"),
        (tuple[()], {"tuple": []}, "tuple[()]"),
        (tuple[int, ...], {"tuple*": "int"}, "tuple[int, ...]"),
        (dict[str, list[int]], {"dict": ["str", {"list": "int"}]}, "dict[str, list[int]]"),
        (Optional[int], {"union": ["int", "none"]}, "int | None"),
        (None | Path, {"union": ["none", "path"]}, "Path | None"),
        (Union[int, str], {"union": ["int", "str"]}, "int | str"),
        (NewType("UserId", int), "int", "int"),
        (Annotated[list[Annotated[int, 1]], 2], {"list": "int"}, "list[int]"),
        (Tree, TREE, "Tree"),
        (Options, {"typeddict": f"{NAME}:Options", "fields": {"chunk": ["int", False]}}, "Options"),
    ],
    ids=repr,
)
def test_a_type_is_described(annotation, grammar, text):
    assert describe(annotation) == grammar
    assert show_grammar(grammar) == text


@given(annotations_and_values())
def test_every_description_is_json(drawn):
    grammar = describe(drawn[0])

    assert json.loads(json.dumps(grammar)) == grammar
    assert show_grammar(grammar)


@pytest.mark.parametrize("annotation", [Literal[[1]], list[Literal["a", (1,)]], Literal[int]], ids=str)
def test_a_literal_of_something_else_than_a_scalar_is_refused_in_words(annotation):
    with pytest.raises(DefinitionError, match=r"^Literal\[.*\]: a Literal is of texts, numbers"):
        describe(annotation)
