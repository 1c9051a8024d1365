"""From a flow to a graph, or to all that is wrong with it."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reflow
from reflow import Flow, Param, Result, RunDir
from reflow.errors import DefinitionError, WiringError
from reflow.graph.build import build, check_task
from reflow.graph.order import order

if TYPE_CHECKING:
    from nowhere import Unknown


def problems(flow):
    with pytest.raises(WiringError) as caught:
        build(flow)
    return caught.value.problems


def demo() -> Flow:
    flow = Flow("demo")

    @flow.job()
    def prepare(start: str, run_dir: RunDir = RunDir()) -> list[str]: ...

    @flow.array_job(cpus=4, time="00:10:00")
    def convert(
        nc_file: Annotated[str, Result(step="prepare")], bucket: str, run_dir: RunDir = RunDir()
    ) -> str: ...

    @flow.job(version="2", cache=False, verify=lambda output: True)
    def finalize(paths: Annotated[list[str], Result(step="convert", track="path")]) -> str:
        """Put all together.

        Slowly.
        """

    return flow


def test_a_node_holds_what_its_task_says():
    node = build(demo()).tasks["finalize"]

    assert (node.version, node.cache, node.verify, node.doc) == ("2", False, "callable", "Put all together.")
    assert (node.array, node.returns, node.key) == (False, "str", "demo.finalize")
    assert node.inputs[0].track == "path"
    assert Path(node.file) == Path(__file__)


def test_inputs_come_in_the_order_of_the_signature():
    node = build(demo()).tasks["convert"]

    assert [(i.name, i.kind, i.parameter) for i in node.inputs] == [
        ("nc_file", "result", None),
        ("bucket", "parameter", "bucket"),
        ("run_dir", "run_dir", None),
    ]


def test_all_problems_come_in_one_report():
    flow = Flow("bad")

    @flow.job
    def a() -> list[Path]: ...

    @flow.array_job
    def b(x: Annotated[str, Result("a")], y: Annotated[str, Result("aa")], z: Unknown) -> str: ...

    @flow.job(after="bb")
    def c(x: Annotated[str, Result("b")]) -> Grid: ...

    told = problems(flow)

    assert len(told) == 6
    assert all("test_build.py:" in problem for problem in told)
    for words in (
        "b.x wants str",
        "'aa', which is no task",
        "'Unknown'",
        "'bb', which is no task",
        "c.x wants str",
    ):
        assert any(words in problem for problem in told), words
    assert any("hook `reflow_adapter`" in problem for problem in told)


class Grid: ...


def test_an_unknown_step_names_the_one_that_was_meant_and_where_it_stands():
    flow = Flow("f")

    @flow.job
    def prepare() -> str: ...

    @flow.job
    def use(x: Annotated[str, Result(step="prepar")]) -> str: ...

    (told,) = problems(flow)
    assert "use.x takes 'prepar', which is no task of 'f'; did you mean 'prepare'?" in told
    assert "x: Annotated[str, Result(step='prepar')]" in told


def test_a_function_that_is_no_task_is_told():
    flow, other = Flow("f"), Flow("other")

    @other.job
    def prepare() -> str: ...

    @flow.job
    def use(x: Annotated[str, Result(prepare)]) -> str: ...

    (told,) = problems(flow)
    assert "the function 'prepare', which is no task of 'f'" in told


def test_a_function_that_was_defined_again_is_told_from_the_one_that_is_a_task_now(monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    flow = Flow("f")

    def define():
        @flow.job
        def prepare() -> str: ...

        return prepare

    before = define()

    @flow.job
    def use(x: Annotated[str, Result(before)]) -> str: ...

    define()

    (told,) = problems(flow)
    assert "takes the function 'prepare' as it was before 'prepare' was defined again" in told
    assert 'or name the other as text: "prepare"' in told


def class_of(module, name="Cfg"):
    return dataclass(type(name, (), {"__annotations__": {"a": int}, "__module__": module}))


@pytest.mark.parametrize("array", [False, True], ids=["job", "array task"])
@pytest.mark.parametrize(
    ("returned", "taken", "message"),
    [
        (
            "cells",
            "cells",
            "two classes, since Cfg was defined again after one of the tasks; define both tasks",
        ),
        ("cells", "other", "two classes, Cfg of cells and Cfg of other; import one of them in both places"),
    ],
)
def test_two_classes_of_one_name_are_told_as_two(array, returned, taken, message):
    flow = Flow("f")
    before, after = class_of(returned), class_of(taken)

    @flow.job
    def prepare() -> list[before]: ...

    @flow.job(array=array)
    def use(x: Annotated[after if array else list[after], Result("prepare")]) -> str: ...

    (told,) = problems(flow)
    assert message in told
    assert "annotate x" not in told


class Unstored:
    pass


@pytest.mark.parametrize(("returned", "taken"), [(Unstored, int), (int, Unstored)])
def test_an_array_task_is_not_told_to_lack_a_width_where_a_type_is_not_known(returned, taken):
    flow = Flow("f")

    @flow.job
    def prepare() -> list[returned]: ...

    @flow.array_job
    def use(x: Annotated[taken, Result("prepare")]) -> str: ...

    (told,) = problems(flow)
    assert "cannot store values of type" in told


def test_an_array_task_is_not_told_to_lack_a_width_where_a_name_is_not_known():
    flow = Flow("f")

    @flow.job
    def prepare() -> list[int]: ...

    @flow.array_job
    def use(x: Annotated[Unknown, Result("prepare")]) -> str: ...

    (told,) = problems(flow)
    assert "name 'Unknown' is not defined" in told


def test_a_function_of_an_included_flow_names_its_task_unless_it_is_several():
    flow, top = Flow("f"), Flow("top")

    @flow.job
    def prepare() -> str: ...

    top.include(flow, prefix="a")

    @top.job
    def use(x: Annotated[str, Result(prepare)]) -> str: ...

    once = build(top)
    top.include(flow, prefix="b")

    assert once.upstream("use") == ("a_prepare",)
    assert "several tasks here (a_prepare, b_prepare)" in problems(top)[0]


def test_a_cycle_names_each_task_on_it_once():
    flow = Flow("f")

    @flow.job
    def a(x: Annotated[int, Result("c")]) -> int: ...

    @flow.job
    def b(x: Annotated[int, Result("a")]) -> int: ...

    @flow.job(after="b")
    def c() -> int: ...

    @flow.job
    def d(x: Annotated[int, Result("a")]) -> int: ...

    (told,) = problems(flow)
    assert told.startswith("cycle: a needs c needs b needs a\n")
    assert told.count("-->") == 3


def test_a_task_that_waits_for_itself_is_a_cycle():
    flow = Flow("f")

    @flow.job(after="a")
    def a() -> int: ...

    assert "cycle: a needs a" in problems(flow)[0]


def test_broadcast_on_a_job_is_refused_at_once():
    with pytest.raises(DefinitionError, match="broadcast=True"):

        @Flow("f").job
        def a(x: Annotated[int, Result("b", broadcast=True)]) -> int: ...


def test_a_bound_value_is_checked_against_its_parameter():
    flow, top = Flow("f"), Flow("top")

    @flow.job
    def a(n: int, token: Annotated[str | None, Param(secret=True)] = None) -> int: ...

    top.include(flow, prefix="ok", params={"n": 3})
    assert build(top).tasks["ok_a"].inputs[0].value == 3
    assert list(build(top).parameters) == ["token"]

    top.include(flow, prefix="bad", params={"n": "three"})
    assert "bad_a.n, bound by include(params=...)" in problems(top)[0]
    top.include(flow, prefix="open", params={"token": "x", "n": 1})
    assert any("open_a.token is secret" in problem for problem in problems(top))


def test_a_bound_value_is_one_of_the_choices_of_its_parameter():
    flow, top = Flow("f"), Flow("top")

    @flow.job
    def a(model: Annotated[str, Param(choices=["era5", "icon"])]) -> int: ...

    top.include(flow, prefix="ok", params={"model": "icon"})
    assert build(top).tasks["ok_a"].inputs[0].value == "icon"

    top.include(flow, prefix="bad", params={"model": "ikon"})
    assert "model 'ikon' is none of: 'era5', 'icon'" in problems(top)[0]


def test_check_task_tells_what_one_task_gets_wrong():
    flow = demo()

    @flow.job
    def wrong(x: Annotated[int, Result("prepare")], n: str = "x") -> int: ...

    assert check_task(flow, "convert") == ()
    assert len(check_task(flow, "wrong")) == 1


def test_hashes_are_read_only_when_asked_for():
    assert build(demo()).tasks["prepare"].source == ""
    assert len(build(demo(), hashes=True).tasks["prepare"].source) == 64


def test_an_empty_flow_is_an_empty_graph():
    assert build(Flow("f")).tasks == {}


@given(st.lists(st.sets(st.integers(0, 20)), max_size=12))
def test_each_task_comes_after_what_it_needs_or_lies_behind_a_cycle(needs):
    upstream = {str(i): [str(j) for j in sorted(before)] for i, before in enumerate(needs)}

    placed, cycles = order(upstream)

    for position, task in enumerate(placed):
        assert all(name in placed[:position] for name in upstream[task] if name in upstream)
    assert bool(cycles) == (len(placed) < len(upstream))
    for cycle in cycles:
        assert len(set(cycle)) == len(cycle)
        assert all(after in upstream[task] for task, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True))


def test_tasks_that_could_go_at_once_keep_the_order_of_registration():
    assert order({"c": [], "a": [], "b": ["z"], "d": ["c"]})[0] == ["c", "a", "b", "d"]
    assert order({"late": ["root"], "root": [], "other": []})[0] == ["root", "late", "other"]


def test_a_chain_of_two_thousand_tasks_is_built_without_recursion():
    flow = Flow("f")
    for i in range(2000):

        def f(x: Any = 0) -> int: ...

        f.__annotations__ = (
            {"x": Annotated[int, Result(f"t{i - 1}")], "return": int} if i else {"return": int, "x": int}
        )
        flow.job(name=f"t{i}")(f)
    gc.collect()

    assert list(build(flow).tasks) == [f"t{i}" for i in range(2000)]


FORBIDDEN = (
    "inspect",
    "dataclasses",
    "pathlib",
    "hashlib",
    "argparse",
    "sqlite3",
    "pluggy",
    "subprocess",
    "ast",
)


def test_defining_and_building_import_nothing_dear():
    code = (
        "import sys; from typing import Annotated\n"
        "from reflow import Flow, Param, Result, RunDir\n"
        "from reflow.graph.build import build; from reflow.graph.manifest import to_manifest\n"
        "f = Flow('f')\n"
        "@f.job\n"
        "def a(n: Annotated[int, Param(help='x')] = 1, d: RunDir = RunDir()) -> list[str]: ...\n"
        "@f.array_job(mem='4G')\n"
        "def b(x: Annotated[str, Result('a')]) -> str: ...\n"
        "to_manifest(build(f))\n"
        f"print([m for m in {FORBIDDEN!r} if m in sys.modules])"
    )
    source = str(Path(reflow.__file__).parents[1])

    ran = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": source}, capture_output=True, text=True
    )

    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_check_task_waits_for_names_that_may_come_later():
    flow = Flow("f")

    @flow.job
    def a(x: Unknown) -> int: ...

    assert check_task(flow, "a") == ()
    assert "'Unknown'" in problems(flow)[0]
