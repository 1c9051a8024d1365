"""Dataclasses, NamedTuples and TypedDicts come back as exactly their annotated class, as they were."""

from __future__ import annotations

import collections
import functools
import json
from dataclasses import KW_ONLY, InitVar, dataclass, field, make_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Generic, List, NamedTuple, Optional, TypedDict, TypeVar, Union  # noqa: UP035

import pytest
from typing_extensions import NotRequired, ReadOnly, Required

from reflow.errors import DefinitionError, ValueMisfit
from reflow.values.codec import codec

T = TypeVar("T")
OWN = TypeVar("Own")


@dataclass(frozen=True)
class Frozen:
    x: int
    y: float = 0.5


@dataclass(slots=True)
class Slotted:
    x: int
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Both:
    x: Optional[int] = None


@dataclass
class Seeded:
    seed: InitVar[int]
    doubled: int = field(init=False)
    LIMIT: ClassVar[int] = 3

    def __post_init__(self, seed: int) -> None:
        self.doubled = seed * 2


@dataclass
class Counting:
    """Its `__post_init__` changes what it is given, so calling it again would be wrong."""

    count: int = 0
    unset: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.count += 1


@dataclass
class Keyworded:
    a: int
    _: KW_ONLY
    b: str = "b"


@dataclass
class Outer:
    inner: Frozen
    many: dict[str, list[Frozen]]
    maybe: Slotted | None = None


@dataclass
class Derived(Slotted):
    z: Path = Path("/z")


@dataclass
class Tree:
    value: int
    children: list[Tree] = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    content: T
    more: List[T]  # noqa: UP006  # a generic alias of typing


class Named(NamedTuple):
    a: int
    b: Optional[str] = None


Untyped = collections.namedtuple("Untyped", "a b")
Made = make_dataclass("Made", [("a", int), ("b", "str")], namespace={"__module__": __name__})
Spelled = make_dataclass(
    "Spelled",
    [("content", "Own"), ("more", "Optional[Spelled[Own]]", None)],
    bases=(Generic[OWN],),
    namespace={
        "__module__": __name__,
        "__type_params__": (OWN,),
    },  # as ``class Spelled[Own]`` has them since 3.12
)


class Total(TypedDict):
    a: int
    b: NotRequired[str]


class Partial(TypedDict, total=False):
    a: Required[int]
    b: ReadOnly[str]


class More(Partial):
    c: list[int]


@dataclass
class date:  # a field below has the name of a class
    year: int


@dataclass
class Shadowed:
    date: Optional[date] = None


CASES = [
    (Frozen, Frozen(1, 2.5)),
    (Slotted, Slotted(1, ["a"])),
    (Both, Both(3)),
    (Seeded, Seeded(4)),
    (Counting, Counting(4)),
    (Keyworded, Keyworded(1, b="c")),
    (Outer, Outer(Frozen(1), {"k": [Frozen(2)]}, Slotted(3))),
    (Derived, Derived(1, [], Path("/y"))),
    (Tree, Tree(1, [Tree(2, [Tree(3)]), Tree(4)])),
    (Box[int], Box(1, [2])),
    (Box[list[str]], Box(["a"], [])),
    (Spelled[int], Spelled(1, Spelled(2))),
    (Box, Box("a", [1])),
    (Named, Named(1)),
    (Untyped, Untyped(1, ["b"])),
    (Made, Made(1, "b")),
    (Total, {"a": 1}),
    (Total, {"b": "c", "a": 1}),
    (Partial, {"a": 1, "b": "b"}),
    (More, {"c": [1], "a": 1}),
    (Shadowed, Shadowed(date(2025))),
    (list[Union[Frozen, Named]], [Named(1), Frozen(1)]),
]


@pytest.mark.parametrize(("annotation", "value"), CASES, ids=repr)
def test_a_record_comes_back_as_it_was(annotation, value):
    own = codec(annotation)
    decoded = own.decode(json.loads(json.dumps(own.encode(value))))

    assert type(decoded) is type(value)
    assert decoded == value


@pytest.mark.parametrize(("annotation", "value"), CASES, ids=repr)
def test_any_finds_the_class_where_it_is_loaded(annotation, value, monkeypatch):
    import sys
    import types

    module = types.ModuleType(__name__)
    vars(module).update(globals())
    monkeypatch.setitem(sys.modules, __name__, module)

    assert codec(Any).decode(codec(Any).encode(value)) == value


def test_any_imports_no_class_that_data_names():
    with pytest.raises(
        ValueMisfit, match="the class ftplib:FTP is not loaded here; name it in the annotation"
    ):
        codec(Any).decode({"$record": ["ftplib:FTP", {"a": 1}]})


def test_a_class_is_not_called_again():
    counting = Counting(4)

    assert codec(Counting).decode(codec(Counting).encode(counting)).count == counting.count == 5


def test_a_field_that_was_never_set_stays_unset():
    assert not hasattr(codec(Counting).decode(codec(Counting).encode(Counting())), "unset")


def test_a_record_that_lacks_fields_is_made_by_its_class():
    assert codec(Counting).decode({"$record": [f"{__name__}:Counting", {}]}).count == 1
    assert codec(Slotted).decode({"$record": [f"{__name__}:Slotted", {"x": 1}]}) == Slotted(1, [])
    assert codec(Named).decode({"$record": [f"{__name__}:Named", {"a": 1}]}) == Named(1, None)


def test_a_frozen_record_stays_frozen():
    decoded = codec(Frozen).decode(codec(Frozen).encode(Frozen(1)))

    with pytest.raises(AttributeError):
        decoded.x = 2


def refusal(annotation, value):
    with pytest.raises(ValueMisfit) as caught:
        codec(annotation).encode(value)
    return str(caught.value)


@dataclass
class Hoarder:
    a: int

    def __post_init__(self) -> None:
        self.secret = self.a

    @functools.cached_property
    def cheap(self) -> int:
        return self.a + 1


def test_an_attribute_that_is_no_field_is_refused_and_not_lost():
    assert "attribute 'secret' of Hoarder is no field and would be lost" in refusal(Hoarder, Hoarder(1))


def test_a_cached_property_is_no_loss():
    hoarder = Hoarder(1)
    assert hoarder.cheap == 2
    del hoarder.secret

    assert codec(Hoarder).decode(codec(Hoarder).encode(hoarder)) == hoarder


class Swapped(Named):
    """Its `__new__` changes what it is given, so calling it again would be wrong."""

    def __new__(cls, a: int, b: Optional[str] = None) -> Swapped:
        return super().__new__(cls, -a, b)


def test_a_namedtuple_is_not_called_again():
    swapped = Swapped(1)

    assert codec(Swapped).decode(codec(Swapped).encode(swapped)) == swapped == (-1, None)


def test_an_attribute_of_a_namedtuple_is_refused_and_not_lost():
    swapped = Swapped(1)
    swapped.unit = "K"

    assert "attribute 'unit' of Swapped is no field" in refusal(Swapped, swapped)


@pytest.mark.parametrize("base", [dict, list, Exception])
def test_a_dataclass_that_holds_more_than_its_fields_is_refused(base):
    with pytest.raises(DefinitionError, match="cannot store"):
        codec(make_dataclass("Holder", [("a", int)], bases=(base,)))


def test_a_class_that_was_defined_again_is_told_from_the_one_before():
    record, member = make_dataclass("P", [("x", int)])(0), Enum("Color", "RED").RED

    for annotation, value in (make_dataclass("P", [("x", int)]), record), (Enum("Color", "RED"), member):
        with pytest.raises(ValueMisfit, match="another class of the same name: run the cells"):
            codec(annotation).encode(value)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (Frozen, Frozen("a"), ".x: expected int, got str 'a'"),  # type: ignore[arg-type]
        (Outer, Outer(Frozen(1), {"k": [Frozen("a")]}), ".many['k'][0].x: expected int, got str 'a'"),  # type: ignore[arg-type]
        (Slotted, Derived(1), "a record is exactly its class"),
        (Frozen, {"x": 1}, "expected Frozen, got dict {'x': 1}"),
        (Total, {"a": 1, "d": 2}, "Total has no field 'd' (it has a, b)"),
        (Total, {"b": "b"}, "Total lacks a"),
        (Partial, {}, "Partial lacks a"),
        (More, {"a": 1, "c": [1, "x"]}, ".c[1]: expected int, got str 'x'"),
        (Named, (1, "b"), "expected Named, got tuple (1, 'b')"),
        (Box[int], Box("a", []), ".content: expected int, got str 'a'"),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_named_by_its_field(annotation, value, message):
    assert refusal(annotation, value).endswith(message)


def test_a_record_of_another_class_is_refused():
    with pytest.raises(ValueMisfit, match="expected Frozen, got Slotted"):
        codec(Frozen).decode(codec(Slotted).encode(Slotted(1)))


def test_a_record_that_holds_itself_is_refused():
    tree = Tree(1)
    tree.children.append(tree)

    assert "nested more than 200 deep, or holds itself" in refusal(Tree, tree)


def test_a_name_that_cannot_be_resolved_is_named_with_its_field():
    @dataclass
    class Local:
        other: Missing  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(DefinitionError, match=r"Local\.other: name 'Missing' is not defined"):
        codec(Local)


def test_a_class_local_to_a_function_may_refer_to_itself():
    @dataclass
    class Chain:
        next: Optional[Chain] = None

    assert codec(Chain).decode(codec(Chain).encode(Chain(Chain()))) == Chain(Chain())
