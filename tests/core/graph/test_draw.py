"""Drawings of a graph."""

from __future__ import annotations

from typing import Annotated

import pytest

from reflow import Flow, Result
from reflow.errors import UsageError
from reflow.graph.build import build
from reflow.graph.draw import draw


def combined():
    flow, top = Flow("conversion"), Flow("combined")

    @flow.job
    def prepare() -> list[str]: ...

    @flow.array_job(cpus=4, time="1-00:10:00", mem="2G")
    def convert(x: Annotated[str, Result(prepare)]) -> str: ...

    top.include(flow, prefix="era5")
    top.include(flow, prefix="icon")

    @top.job
    def merge(
        a: Annotated[list[str], Result("era5_convert")], b: Annotated[list[str], Result("icon_convert")]
    ) -> dict[str, str]: ...

    @top.job(after=merge)
    def clean() -> None: ...

    return build(top)


def chain(length: int):
    flow = Flow("chain")
    for i in range(length):

        def f(x: int = 0) -> int: ...

        if i:
            f.__annotations__["x"] = Annotated[int, Result(f"t{i - 1}")]
        flow.job(name=f"t{i}")(f)
    return build(flow)


def test_the_tree_shows_each_task_below_what_it_takes_from():
    assert draw(combined()) == (
        "combined  6 tasks\n"
        "├─ era5_prepare ────────► list[str]\n"
        "│  └─ era5_convert[] ×N   fan-out, str, 4 cpus  2048 MiB  1-0:10:00\n"
        "│     └─ merge            gather, dict[str, str], also from icon_convert\n"
        "│        └─ clean         after\n"
        "└─ icon_prepare ────────► list[str]\n"
        "   └─ icon_convert[] ×N   fan-out, str, 4 cpus  2048 MiB  1-0:10:00\n"
        "      └─ (merge)\n"
    )


def test_the_tree_can_be_drawn_in_ascii():
    text = draw(combined(), ascii=True)

    assert text.isascii()
    assert "|  `- era5_convert[] xN   fan-out" in text


@pytest.mark.parametrize("length", [0, 1, 9, 10, 100])
def test_a_tree_names_every_task_and_keeps_to_80_columns(length):
    lines = draw(chain(length)).splitlines()

    assert max(map(len, lines)) <= 80
    for i in range(length):
        assert sum(f"─ t{i} " in line for line in lines) == 1


def test_a_long_line_is_cut():
    flow = Flow("f")

    @flow.job(name="a" * 64)
    def f() -> dict[str, dict[str, dict[str, list[str]]]]: ...

    assert max(map(len, draw(build(flow)).splitlines())) == 80


def test_mermaid_shows_tasks_and_ways():
    text = draw(combined(), "mermaid")

    assert text.startswith("flowchart TD\n")
    assert 't1[["era5_convert[]<br/>str"]]' in text
    assert "t0 -->|fan-out| t1" in text
    assert "t4 -.->|after| t5" in text


def test_dot_shows_tasks_and_ways():
    text = draw(combined(), "dot")

    assert text.startswith('digraph "combined" {\n')
    assert '"era5_convert" [label="era5_convert[]\\nstr", peripheries=2];' in text
    assert '"merge" -> "clean" [label="after", style=dashed];' in text
    assert text.endswith("}\n")


def test_an_unknown_form_names_those_that_there_are():
    with pytest.raises(UsageError, match="choose from text, mermaid, dot"):
        draw(combined(), "svg")
