"""Registering tasks, and including flows in others."""

from __future__ import annotations

import pickle
import sys
from typing import Annotated

import cloudpickle
import pytest

from reflow import Flow, Param, Result
from reflow.define.markers import MISSING
from reflow.errors import DefinitionError


def conversion() -> Flow:
    flow = Flow("conversion")

    @flow.job
    def prepare(model: str, chunk: Annotated[int, Param(namespace="local")] = 1) -> list[str]: ...

    @flow.array_job(after=["prepare", "outside"])
    def convert(item: Annotated[str, Result(prepare)], other: Annotated[int, Result("outside")]) -> str: ...

    return flow


def steps(spec):
    return {p.name: p.marker.steps for p in spec.parameters if isinstance(p.marker, Result)}


def bound(spec):
    return {p.name: p.bound for p in spec.parameters if p.bound is not MISSING}


def test_a_decorated_function_stays_as_it_is():
    flow = Flow("f")

    def f(x: int) -> int:
        return x + 1

    assert flow.job(f) is f
    assert flow.job(name="g")(f) is f
    assert flow.array_job(name="h")(f) is f
    assert f(1) == 2


def test_job_with_array_is_array_job():
    flow = Flow("f")

    def f() -> int: ...

    flow.job(array=True, name="a")(f)
    flow.array_job(name="b")(f)
    flow.job(array=False, name="c")(f)

    assert [spec.array for spec in flow.tasks.values()] == [True, True, False]


def test_a_name_given_in_the_wrong_place_says_where_it_goes():
    with pytest.raises(DefinitionError, match="name='prepare'"):
        Flow("f").job("prepare")


def test_two_tasks_of_one_name_name_both_places():
    flow = Flow("f")

    def define():
        @flow.job
        def f() -> int: ...

    define()

    with pytest.raises(
        DefinitionError, match=r"two tasks called 'f'.*test_flow.py:\d+ and .*test_flow.py:\d+"
    ):
        define()


def test_in_a_notebook_a_task_is_replaced_where_it_stood(monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    flow = Flow("f")

    def f() -> int: ...

    flow.job(f)
    flow.job(name="g")(f)
    flow.job(name="f", cpus=4)(f)

    assert list(flow.tasks) == ["f", "g"]
    assert flow.tasks["f"].settings.resources.cpus == 4


def test_an_included_task_follows_its_new_name():
    top = Flow("top")
    top.include(conversion(), prefix="era5")

    convert = top.tasks["era5_convert"]

    assert list(top.tasks) == ["era5_prepare", "era5_convert"]
    assert steps(convert) == {"item": ("era5_prepare",), "other": ("outside",)}
    assert convert.settings.after == ("era5_prepare", "outside")


def test_an_included_task_keeps_the_key_of_its_own_flow():
    top = Flow("top")
    top.include(conversion(), prefix="era5")

    assert [spec.key for spec in top.tasks.values()] == ["conversion.prepare", "conversion.convert"]


def test_flows_include_flows_to_any_depth():
    middle, top = Flow("middle"), Flow("top")
    middle.include(conversion(), prefix="a")
    middle.include(conversion(), prefix="b")
    top.include(middle, prefix="x")

    assert list(top.tasks) == ["x_a_prepare", "x_a_convert", "x_b_prepare", "x_b_convert"]
    assert steps(top.tasks["x_b_convert"])["item"] == ("x_b_prepare",)


def test_tasks_added_after_include_are_included():
    flow, top = Flow("flow"), Flow("top")
    top.include(flow, prefix="p")

    @flow.job
    def late() -> int: ...

    assert list(top.tasks) == ["p_late"]


def test_the_order_is_that_of_registration():
    top = Flow("top")

    @top.job
    def first() -> int: ...

    top.include(conversion())

    @top.job
    def last() -> int: ...

    assert list(top.tasks) == ["first", "prepare", "convert", "last"]


def test_bound_values_stand_for_parameters():
    top = Flow("top")
    top.include(conversion(), prefix="era5", params={"model": "era5", "prepare_chunk": 7})

    assert bound(top.tasks["era5_prepare"]) == {"model": "era5", "chunk": 7}
    assert bound(conversion().tasks["prepare"]) == {}


def test_a_parameter_that_is_bound_already_is_there_no_more():
    middle, top = Flow("middle"), Flow("top")
    middle.include(conversion(), params={"model": "era5"})

    with pytest.raises(DefinitionError, match="no parameter 'model'"):
        top.include(middle, params={"model": "icon"})


def test_an_unknown_bound_parameter_names_the_one_that_was_meant():
    with pytest.raises(DefinitionError, match=r"no parameter 'modle'; did you mean 'model'\?"):
        Flow("top").include(conversion(), params={"modle": "era5"})


def test_bound_parameters_that_are_no_dict_are_refused_with_what_to_write():
    with pytest.raises(DefinitionError, match=r"include\(params=\['model'\]\): write a dict"):
        Flow("top").include(conversion(), params=["model"])


def test_a_flow_included_twice_without_prefix_is_refused():
    top = Flow("top")
    top.include(conversion())

    with pytest.raises(DefinitionError, match="prefix="):
        top.include(conversion())
    assert list(top.tasks) == ["prepare", "convert"]


def test_a_flow_cannot_hold_itself():
    outer, inner = Flow("outer"), Flow("inner")
    outer.include(inner, prefix="i")

    with pytest.raises(DefinitionError, match="would hold itself"):
        inner.include(outer)
    with pytest.raises(DefinitionError, match="would hold itself"):
        outer.include(outer)


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", ".a", "é", "a" * 65, 3, "a\n"])
def test_a_name_that_cannot_be_part_of_a_path_is_refused(name):
    with pytest.raises(DefinitionError):
        Flow(name)


def test_a_prefix_counts_towards_the_length_of_a_name():
    flow, top = Flow("flow"), Flow("top")

    @flow.job(name="a" * 60)
    def f() -> int: ...

    with pytest.raises(DefinitionError, match="65 characters"):
        top.include(flow, prefix="pppp")


def test_a_name_that_comes_later_is_found_in_an_included_flow_too():
    flow, top = Flow("flow"), Flow("top")

    @flow.job
    def a() -> int: ...

    @flow.job
    def b(x: Annotated[Late, Result("a")]) -> Late: ...

    top.include(flow, prefix="p")
    spec = top.tasks["p_b"]

    Late = int
    assert spec.resolve() == ()
    assert steps(spec) == {"x": ("p_a",)}
    assert spec.returns is Late


def test_tasks_travel_with_their_resolved_hints():
    class Local: ...

    flow, top = Flow("flow"), Flow("top")

    @flow.job
    def f(x: Annotated[list[Local], Result("a")], y: int = 3) -> Local:
        """Say what it does.

        And more.
        """
        return Local()

    top.include(flow, prefix="p", params={"y": 4})
    spec = pickle.loads(cloudpickle.dumps(top.tasks["p_f"]))

    assert (spec.name, spec.key, spec.doc) == ("p_f", "flow.f", "Say what it does.")
    assert spec.returns.__name__ == "Local"
    assert [p.kind for p in spec.parameters] == ["result", "param"]
    assert bound(spec) == {"y": 4}
    assert spec.parameters[0].default is MISSING
    assert type(spec.function([])) is spec.returns


def test_adding_a_task_does_not_walk_over_all_others():
    flow = Flow("f")
    looks = []

    class Counting(dict):
        def __iter__(self):
            looks.append(1)
            return super().__iter__()

    def f(x: int) -> int: ...

    flow._flat = Counting()
    for i in range(1000):
        flow.job(name=f"t{i}")(f)

    assert len(flow.tasks) == 1000
    assert not looks


def test_what_changed_code_does_is_said_by_the_task_else_its_flow_else_the_one_that_includes_it():
    def tasks(flow):
        @flow.job
        def silent(x: int) -> int: ...

        @flow.job(code="version")
        def outspoken(x: int) -> int: ...

        return flow

    top = Flow("top", code="auto")
    top.include(tasks(Flow("a")), prefix="a")
    top.include(tasks(Flow("b", code="warn")), prefix="b")

    rules = {name: spec.settings.code for name, spec in tasks(top).tasks.items()}
    assert rules == {
        "a_silent": "auto",
        "a_outspoken": "version",
        "b_silent": "warn",
        "b_outspoken": "version",
        "silent": "auto",
        "outspoken": "version",
    }


def test_a_rule_for_code_that_is_none_is_refused():
    with pytest.raises(DefinitionError, match=r"'automatic'.*'warn', 'auto', 'version'"):
        Flow("f", code="automatic")
