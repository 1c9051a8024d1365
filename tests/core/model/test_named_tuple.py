"""Named tuples of reflow do what those of `typing` do."""

from __future__ import annotations

import copy
import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.model.named_tuple import NamedTuple


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: int
    name: str = "p"
    tags: tuple[str, ...] = ()

    @property
    def sum(self) -> int:
        return self.x + self.y

    def moved(self) -> Any:
        return self._replace(x=self.x + 1)


class Ours(NamedTuple):
    """A point."""

    x: int
    y: int
    name: str = "p"
    tags: tuple[str, ...] = ()

    @property
    def sum(self) -> int:
        return self.x + self.y

    def moved(self) -> Any:
        return self._replace(x=self.x + 1)


class Empty(NamedTuple):
    pass


_VALUES = st.lists(st.integers(), max_size=6)
_NAMED = st.dictionaries(st.sampled_from(["x", "y", "name", "tags", "other"]), st.integers(), max_size=4)


def _outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except (TypeError, ValueError, AttributeError) as error:
        return type(error)


@given(_VALUES, _NAMED)
def test_values_are_taken_by_place_and_by_name_and_refused_as_theirs_are(
    values: list[int], named: dict[str, int]
) -> None:
    ours, theirs = _outcome(lambda: Ours(*values, **named)), _outcome(lambda: Theirs(*values, **named))
    assert ours == theirs
    assert isinstance(ours, Ours) == isinstance(theirs, Theirs)


@given(_NAMED)
def test_some_values_are_replaced_and_an_unknown_field_is_refused(named: dict[str, int]) -> None:
    ours, theirs = Ours(1, 2), Theirs(1, 2)
    replaced = _outcome(lambda: ours._replace(**named))
    assert replaced == _outcome(lambda: theirs._replace(**named))
    assert replaced is ValueError or type(replaced) is Ours


@pytest.mark.parametrize(
    "look",
    [
        lambda point: (point.x, point.y, point.name, point.tags, point.sum),
        lambda point: repr(point).partition("(")[2],
        lambda point: point._asdict(),
        lambda point: point._fields,
        lambda point: point._field_defaults,
        lambda point: point.__match_args__,
        lambda point: point.__doc__,
        lambda point: point.moved(),
        lambda point: hash(point),
        lambda point: typing.get_type_hints(type(point)),
    ],
)
def test_a_look_at_one_shows_what_a_look_at_theirs_does(look: Callable[[Any], Any]) -> None:
    assert look(Ours(3, 4, "q")) == look(Theirs(3, 4, "q"))


def test_they_are_made_of_any_iterable_as_long_as_they_are() -> None:
    made = Ours._make(iter([1, 2, "q", ()]))
    assert type(made) is Ours
    assert made == (1, 2, "q", ())
    with pytest.raises(TypeError):
        Ours._make(range(5))


def test_nothing_can_be_set_in_one() -> None:
    point: Any = Ours(1, 2)
    with pytest.raises(AttributeError):
        point.x = 5
    with pytest.raises(AttributeError):
        point.other = 5
    assert not hasattr(point, "__dict__")


def test_they_are_matched_by_place_and_by_name() -> None:
    match Ours(1, 2):
        case Ours(1, y, name="p"):
            assert y == 2
        case _:
            pytest.fail("it does not match")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_they_are_pickled_and_copied_as_what_they_are(protocol: int) -> None:
    point = Ours(1, 2, tags=("a",))
    for again in (pickle.loads(pickle.dumps(point, protocol)), copy.copy(point), copy.deepcopy(point)):
        assert type(again) is Ours
        assert again == point


def test_one_without_fields_is_empty() -> None:
    assert Empty() == ()
    with pytest.raises(TypeError):
        Empty(*[1])


def test_what_is_missing_or_too_much_is_named() -> None:
    make: Any = Ours
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        make(1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        make(1, 2, z=3)
