"""Every row of the table of wiring, and every case that it leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import pytest

from reflow import Flow, Result
from reflow.errors import WiringError
from reflow.graph.build import build
from reflow.graph.model import Source


def wired(returns, wants, *, source="job", target="job", **result):
    """Wire one parameter, and return its input."""
    flow = Flow("f")

    def up(): ...
    def down(x): ...

    up.__annotations__ = {"return": returns}
    down.__annotations__ = {"x": Annotated[wants, Result(**(result or {"step": "up"}))], "return": None}
    getattr(flow, source)(up) if source == "job" else flow.array_job(up_from_list(flow, up))
    (flow.job if target == "job" else flow.array_job)(down)
    return build(flow).tasks["down"].inputs[0]


def up_from_list(flow, up):
    """Give an array task its width."""

    @flow.job
    def first() -> list[int]: ...

    def up_array(i): ...

    up_array.__annotations__ = {"i": Annotated[int, Result("first")], **up.__annotations__}
    up_array.__name__ = "up"
    return up_array


ROWS = [
    ("job", str, "job", str, ("direct", "value", "value")),
    ("job", list[str], "job", list[str], ("direct", "value", "value")),
    ("job", None, "job", None, ("direct", "value", "value")),
    ("job", list[str], "array", str, ("fan-out", "each", "items")),
    ("job", Sequence[str], "array", str, ("fan-out", "each", "items")),
    ("job", Iterable[str], "array", str, ("fan-out", "each", "items")),
    ("job", tuple[str, ...], "array", str, ("fan-out", "each", "items")),
    ("job", list[list[str]], "array", list[str], ("fan-out", "each", "items")),
    ("job", list[int], "array", float, ("fan-out", "each", "items")),
    ("job", list, "array", str, ("fan-out", "each", "items")),
    ("job", Any, "array", str, ("fan-out", "each", "items")),
    ("array", str, "job", list[str], ("gather", "list", "elements")),
    ("array", str, "job", Sequence[str], ("gather", "list", "elements")),
    ("array", str, "job", tuple[str, ...], ("gather", "list", "elements")),
    ("array", list[str], "job", list[list[str]], ("gather", "list", "elements")),
    ("array", str, "job", Any, ("gather", "list", "elements")),
    ("array", list[str], "job", list[str], ("gather-flatten", "list", "flat")),
    ("array", str, "array", str, ("chain", "each", "elements")),
    ("array", list[str], "array", list[str], ("chain", "each", "elements")),
    ("array", list[str], "array", str, ("flatten-fan-out", "each", "flat")),
    ("array", tuple[str, ...], "array", str, ("flatten-fan-out", "each", "flat")),
]


@pytest.mark.parametrize(("source", "returns", "target", "wants", "way"), ROWS, ids=str)
def test_the_row_that_fits_is_taken(source, returns, target, wants, way):
    given = wired(returns, wants, source=source, target=target)

    mode, deliver, part = way
    assert (given.mode, given.deliver, given.sources) == (mode, deliver, (Source("up", part),))


def both(returns, wants, **result):
    """Wire a parameter of an array task that another parameter gives its width."""
    flow = Flow("f")

    def up(): ...
    def down(i, x): ...

    @flow.job
    def items() -> list[int]: ...

    up.__annotations__ = {"return": returns}
    down.__annotations__ = {
        "i": Annotated[int, Result("items")],
        "x": Annotated[wants, Result(**({"step": "up"} | result))],
        "return": None,
    }
    flow.job(up)
    flow.array_job(down)
    return build(flow).tasks["down"].inputs[1]


@pytest.mark.parametrize(
    ("returns", "wants", "mode"),
    [
        (list[str], list[str], "broadcast"),
        (int, int, "broadcast"),
        (int, float, "broadcast"),
        (tuple[int, str], tuple[int, str], "broadcast"),
        (list[str], str, "fan-out"),
        (list[list[str]], list[list[str]], "broadcast"),
    ],
    ids=str,
)
def test_beside_a_width_a_whole_value_is_broadcast(returns, wants, mode):
    assert both(returns, wants).mode == mode


def test_a_whole_value_alone_gives_no_width():
    with pytest.raises(WiringError, match="no parameter that gives its width"):
        wired(list[str], list[str], target="array")
    with pytest.raises(WiringError, match=r"down.x wants int, but up returns int"):
        wired(int, int, target="array")


def test_broadcast_true_takes_the_whole_value():
    given = both(list[str], list[str], broadcast=True)

    assert (given.mode, given.deliver, given.sources) == ("broadcast", "value", (Source("up", "value"),))
    with pytest.raises(WiringError):
        both(list[str], str, broadcast=True)


def test_broadcast_true_from_an_array_takes_the_gathered_list():
    flow = Flow("f")

    @flow.job
    def items() -> list[int]: ...

    @flow.array_job
    def one(i: Annotated[int, Result(items)]) -> str: ...

    @flow.array_job
    def two(
        i: Annotated[int, Result(items)], all_: Annotated[list[str], Result(one, broadcast=True)]
    ) -> str: ...

    given = build(flow).tasks["two"].inputs[1]
    assert (given.mode, given.deliver, given.sources) == ("broadcast", "list", (Source("one", "elements"),))


@pytest.mark.parametrize(
    ("source", "returns", "target", "wants"),
    [
        ("job", list[Any], "array", list[str]),
        ("job", Any, "array", Any),
        ("job", Any, "array", list[str]),
        ("array", Any, "job", list[str]),
        ("array", list, "job", list),
        ("array", list[str], "job", Any),
        ("array", Any, "array", str),
    ],
    ids=str,
)
def test_what_fits_two_rows_through_any_alone_asks_for_an_annotation(source, returns, target, wants):
    with pytest.raises(WiringError, match=r"with Any it could be(.|\n)*hint: annotate x and what up returns"):
        wired(returns, wants, source=source, target=target)


def test_an_exact_row_wins_over_an_earlier_one_through_any():
    assert both(list[Any], list[Any]).mode == "broadcast"
    assert wired(dict[str, Any], list[dict[str, Any]], source="array").mode == "gather"
    assert both(list[dict[str, Any]], dict[str, Any]).mode == "fan-out"


def several(wants, target, **returns):
    flow = Flow("f")

    @flow.job
    def items() -> list[int]: ...

    for name, (kind, hint) in returns.items():

        def up(i): ...

        taken = int if kind == "array" else list[int]
        up.__annotations__ = {"i": Annotated[taken, Result(items)], "return": hint}
        (flow.array_job if kind == "array" else flow.job)(name=name)(up)

    def down(x): ...

    down.__annotations__ = {"x": Annotated[wants, Result(steps=list(returns))], "return": None}
    (flow.array_job if target == "array" else flow.job)(down)
    return build(flow).tasks["down"].inputs[0]


def test_several_steps_are_put_one_after_the_other_by_what_each_returns():
    given = several(list[str], "job", a=("job", list[str]), b=("array", str), c=("job", str))

    assert (given.mode, given.deliver) == ("gather", "list")
    assert given.sources == (Source("a", "items"), Source("b", "elements"), Source("c", "value"))


def test_several_steps_fan_out_over_all_elements():
    given = several(str, "array", a=("job", list[str]), b=("array", str), c=("job", str))

    assert (given.mode, given.deliver) == ("fan-out", "each")
    assert [source.part for source in given.sources] == ["items", "elements", "value"]


def test_several_steps_of_lists_are_one_broadcast_list_for_an_array_that_has_a_width():
    flow = Flow("f")

    @flow.job
    def a() -> list[str]: ...

    @flow.array_job
    def down(i: Annotated[str, Result(a)], x: Annotated[list[str], Result(steps=[a, "a"])]) -> None: ...

    given = build(flow).tasks["down"].inputs[1]
    assert (given.mode, given.deliver, len(given.sources)) == ("broadcast", "list", 2)


def test_steps_that_do_not_fit_say_what_to_annotate():
    with pytest.raises(
        WiringError, match=r"a returns list\[str\] and b returns int(.|\n)*annotate x as list\[int \| str\]"
    ):
        several(list[str], "job", a=("job", list[str]), b=("job", int))
    assert several(list[int | str], "job", a=("job", list[str]), b=("job", int)).mode == "gather"
    with pytest.raises(WiringError, match="known whether it is a list"):
        several(list[str], "job", a=("job", Any), b=("job", str))


@pytest.mark.parametrize(
    ("source", "returns", "target", "wants", "hint"),
    [
        (
            "job",
            list[Path],
            "array",
            str,
            "annotate x as Path, or return list[str] from up, or say broadcast=True",
        ),
        ("job", str, "job", Path, "annotate x as str, or return Path from up"),
        ("job", float, "job", int, "annotate x as float, or return int from up"),
        ("array", str, "job", str, "annotate x as list[str]"),
        ("array", str, "job", list[int], "annotate x as list[str], or return int from up"),
        ("array", str, "array", int, "annotate x as str, or return int from up"),
        ("job", tuple[str, str], "array", str, "return list[str] from up, or say broadcast=True"),
        ("job", set[str], "array", str, "return list[str] from up"),
        ("job", Optional[list[str]], "array", str, "return list[str] from up"),
        ("job", Optional[str], "job", str, "annotate x as str | None, or return str from up"),
        ("array", str, "job", set[str], "annotate x as list[str]"),
    ],
    ids=str,
)
def test_a_refusal_holds_places_both_types_and_what_to_write(source, returns, target, wants, hint):
    with pytest.raises(WiringError) as caught:
        wired(returns, wants, source=source, target=target)

    (problem,) = caught.value.problems
    first, parameter, function, remedy = problem.splitlines()
    assert "down.x wants " in first
    assert "returns " in first
    assert parameter.startswith("  --> ")
    assert "test_wiring.py:" in parameter
    assert "test_wiring.py:" in function
    assert remedy.startswith(f"  hint: {hint}")
