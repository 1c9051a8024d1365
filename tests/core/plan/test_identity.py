"""An instance is known by what it was made from, and by nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.graph.model import Node
from reflow.plan.identity import Recipe
from reflow.values.digests import digest

NODE = Node(name="convert", key="demo.convert", array=True, returns="str", version="1")
digests = st.binary(min_size=32, max_size=32)


def identity(node=NODE, shared=None, own=None, after=()):
    own = own or {}
    recipe = Recipe(node, shared or {}, list(own), list(after))
    return recipe.identity([own[name] for name in recipe.varying])


def d(value):
    return digest("value", value)


BASE = {"node": NODE, "shared": {"bucket": d("b")}, "own": {"nc_file": d("a.nc")}, "after": [d("x")]}


@pytest.mark.parametrize(
    "change",
    [
        {"node": NODE._replace(key="demo.merge")},
        {"node": NODE._replace(key="other.convert")},
        {"node": NODE._replace(version="2")},
        {"node": NODE._replace(code="auto", code_hash="ab")},
        {"node": NODE._replace(returns={"list": {"record": "flow:R", "fields": {"v": ["int", True]}}})},
        {"shared": {"bucket": d("c")}},
        {"shared": {"pail": d("b")}},
        {"shared": {}},
        {"own": {"nc_file": d("b.nc")}},
        {"after": [d("y")]},
        {"after": []},
    ],
    ids=str,
)
def test_any_change_makes_new_work(change):
    assert identity(**{**BASE, **change}) != identity(**BASE)


@pytest.mark.parametrize(
    "change",
    [
        {"node": NODE._replace(name="era5_convert")},
        {"node": NODE._replace(file="elsewhere.py", line=7, source="ff", doc="said better")},
        {"node": NODE._replace(code="warn", code_hash="ab")},
        {"node": NODE._replace(pack=50, retries=3)},
        {"node": NODE._replace(returns={"dict": ["str", "int"]})},
    ],
    ids=str,
)
def test_what_is_no_part_of_the_work_changes_nothing(change):
    assert identity(**{**BASE, **change}) == identity(**BASE)


@given(st.dictionaries(st.text(min_size=1), digests, min_size=1), st.data())
def test_whether_a_value_is_shared_or_own_is_no_change(values, data):
    own = data.draw(st.sets(st.sampled_from(sorted(values))))
    shared = {name: value for name, value in values.items() if name not in own}

    assert identity(shared=shared, own={name: values[name] for name in own}) == identity(shared=values)


@given(st.dictionaries(st.text(), digests))
def test_order_of_parameters_is_no_change(values):
    backwards = dict(reversed(values.items()))

    assert identity(shared=backwards) == identity(shared=values)


@given(digests, digests)
def test_values_that_change_places_make_new_work(one, other):
    swapped = identity(shared={"a": other, "b": one})

    assert (swapped == identity(shared={"a": one, "b": other})) == (one == other)


def test_stays_the_same_between_releases():
    assert identity(**BASE).hex()[:16] == "d947634883522717"


RECORD = {"record": "flow:R", "fields": {"v": ["int", True]}}


@pytest.mark.parametrize(
    "other",
    [
        {**RECORD, "record": "moved:R"},
        {**RECORD, "fields": {"w": ["int", True]}},
        {**RECORD, "fields": {"v": ["str", True]}},
        {"enum": "flow:R", "names": ["v"]},
        {"literal": [{"$enum": ["flow:R", "v"]}]},
    ],
    ids=str,
)
def test_what_another_class_would_have_to_read_is_other_work(other):
    assert identity(NODE._replace(returns={"list": RECORD})) != identity(
        NODE._replace(returns={"list": other})
    )
