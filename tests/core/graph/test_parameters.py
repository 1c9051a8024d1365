"""What a user gives values for: shared by tasks, and by the command line and Python."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, NewType, Optional

import pytest

from reflow import Flow, Param
from reflow.errors import WiringError
from reflow.graph.build import build
from reflow.graph.flags import RESERVED


def parameters(*hints, defaults=None):
    """Return the parameters of a flow with one task for each dict of hints."""
    flow = Flow("f")
    for i, hint in enumerate(hints):
        flow.job(name=f"t{i}")(function(hint, (defaults or [{}] * len(hints))[i]))
    return build(flow).parameters


def function(hints, defaults):
    source = ", ".join(f"{name}=defaults[{name!r}]" if name in defaults else name for name in hints)
    names = {"defaults": defaults}
    exec(f"def f(*, {source}): ...", names)
    made = names["f"]
    made.__annotations__ = {**hints, "return": None}
    return made


def problems(*hints, defaults=None):
    with pytest.raises(WiringError) as caught:
        parameters(*hints, defaults=defaults)
    return caught.value.problems


def test_a_parameter_is_known_by_its_name_and_lists_its_tasks():
    found = parameters({"start_date": str}, {"start_date": Annotated[str, Param("Start")], "n": int})

    assert list(found) == ["start_date", "n"]
    assert found["start_date"].flag == "--start-date"
    assert found["start_date"].tasks == ("t0", "t1")
    assert found["start_date"].help == "Start"


def test_a_local_parameter_belongs_to_its_task():
    local = Annotated[int, Param(namespace="local")]
    found = parameters({"chunk": local}, {"chunk": local}, {"chunk": int})

    assert [(p.key, p.flag, p.task, p.local) for p in found.values()] == [
        ("t0_chunk", "--t0-chunk", "t0", True),
        ("t1_chunk", "--t1-chunk", "t1", True),
        ("chunk", "--chunk", None, False),
    ]


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_is_a_param_flag(name):
    (found,) = parameters({name: str}).values()

    assert (found.key, found.flag) == (name, f"--param-{name.replace('_', '-')}")


@pytest.mark.parametrize(
    ("hint", "defaults", "required", "default"),
    [
        (int, {}, True, None),
        (int, {"x": 3}, False, 3),
        (float, {"x": 3}, False, {"$float": "3.0"}),
        (Optional[int], {}, False, None),
        (Optional[int], {"x": 3}, False, 3),
        (tuple[int, ...], {"x": (1,)}, False, {"$tuple": [1]}),
    ],
    ids=str,
)
def test_what_may_be_left_out(hint, defaults, required, default):
    (found,) = parameters({"x": hint}, defaults=[defaults]).values()

    assert (found.required, found.default) == (required, default)


def test_a_default_that_is_no_value_of_its_type_is_told():
    (told,) = problems({"x": int}, defaults=[{"x": "three"}])
    assert "t0.x: the default of x takes int" in told
    (told,) = problems({"x": str}, defaults=[{"x": None}])
    assert "the default of x takes str, not None" in told


@pytest.mark.parametrize(
    ("hints", "defaults", "words"),
    [
        ([{"x": int}, {"x": str}], None, "'x' is int and str"),
        ([{"x": int}, {"x": int}], [{"x": 1}, {"x": 2}], "has the defaults 1 and 2"),
        ([{"x": int}, {"x": int}], [{"x": 1}, {}], r"has the defaults 1 and \(none\)"),
        ([{"x": int | bool}, {"x": int | bool}], [{"x": 1}, {"x": True}], "has the defaults 1 and True"),
        (
            [{"x": Annotated[str, Param(choices=["a"])]}, {"x": Annotated[str, Param(choices=["b"])]}],
            None,
            "says choices",
        ),
    ],
)
def test_tasks_that_share_a_parameter_must_agree(hints, defaults, words):
    (told,) = problems(*hints, defaults=defaults)

    assert re.search(words, told)
    assert "t0 and t1 share it" in told
    assert 'namespace="local"' in told


def test_a_secret_has_no_choices_in_another_task_either():
    (told,) = problems(
        {"x": Annotated[str, Param(secret=True)]}, {"x": Annotated[str, Param(choices=["swordfish"])]}
    )

    assert "parameter 'x' is secret and has choices that anybody can read; take the choices away" in told


def test_nan_agrees_with_nan():
    nan = float("nan")

    assert list(parameters({"x": float}, {"x": float}, defaults=[{"x": nan}, {"x": nan}])) == ["x"]


@pytest.mark.parametrize(
    "hints",
    [
        {"t0_x": int, "x": Annotated[int, Param(namespace="local")]},
        {"force": bool, "param_force": int},
        {"force": bool, "no_force": str},
        {"color": bool, "no_color": str},
        {"colour": bool, "no_colour": str},
        {"colour": Optional[bool], "no_colour": str},
        {"x": int, "param_x": int},
        {"a": Annotated[int, Param(short="x")], "b": Annotated[int, Param(short="-x")]},
    ],
    ids=str,
)
def test_two_parameters_of_one_flag_are_told(hints):
    (told,) = problems(hints)

    assert "on the command line" in told
    assert "rename one of them" in told


def test_a_short_flag_of_reflow_itself_is_told():
    assert "-h is a flag of reflow itself" in problems({"x": Annotated[int, Param(short="h")]})[0]


def test_choices_are_values_of_the_type():
    (found,) = parameters({"x": Annotated[float, Param(choices=[1, 2.5])]}).values()

    assert found.choices == ({"$float": "1.0"}, {"$float": "2.5"})
    assert "a choice of x" in problems({"x": Annotated[int, Param(choices=["a"])]})[0]
    told = problems({"x": Annotated[int, Param(choices=[1])]}, defaults=[{"x": 2}])
    assert "the default 2 is none of: 1" in told[0]


@pytest.mark.parametrize(
    ("annotation", "choices", "default", "odd"),
    [
        (list[str], ["a", "b"], ["a", "b", "a"], ["a", "c"]),
        (Optional[list[str]], ["a", "b"], ["b"], ["c"]),
        (set[str], ["a", "b"], {"a"}, {"c"}),
        (frozenset[float], [1, 2.5], frozenset({1}), frozenset({2})),
        (tuple[str, ...], ["a", "b"], (), ("c",)),
        (list[Path], ["/a"], ["/a"], ["/b"]),
        (Iterable[int], [1], [1], [2]),
        (NewType("Names", list[str]), ["a"], ["a"], ["b"]),
        (list, ["a", 1], ["a", 1], ["b"]),
        (list[list[int]], [[1, 2], []], [[1, 2]], [[1]]),
        (tuple[int, int], [(1, 2), (3, 4)], (1, 2), (2, 1)),
    ],
    ids=str,
)
def test_choices_of_a_list_are_what_each_item_may_be(annotation, choices, default, odd):
    hints = {"x": Annotated[annotation, Param(choices=choices)]}

    assert len(parameters(hints, defaults=[{"x": default}])["x"].choices) == len(choices)
    assert "is none of: " in problems(hints, defaults=[{"x": odd}])[0]


def test_a_default_is_checked_against_the_choices_that_another_task_names():
    told = problems({"x": int}, {"x": Annotated[int, Param(choices=[1])]}, defaults=[{"x": 2}, {"x": 2}])

    assert "the default 2 is none of: 1" in told[0]


def test_a_parameter_that_is_secret_anywhere_is_secret():
    assert parameters({"token": str}, {"token": Annotated[str, Param(secret=True)]})["token"].secret


def test_types_are_told_in_the_grammar():
    found = parameters({"a": Literal["x", "y"], "b": Path, "c": list[int]})

    assert [p.type for p in found.values()] == [{"literal": ["x", "y"]}, "path", {"list": "int"}]
