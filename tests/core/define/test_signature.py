"""A function's signature, read parameter by parameter."""

from __future__ import annotations

import functools
import gc
import types
import typing
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional, Union

import pytest

from reflow import Flow, Param, Result, RunDir
from reflow.define.markers import MISSING
from reflow.errors import DefinitionError

if TYPE_CHECKING:
    from nowhere import Unknown


def read(function):
    flow = Flow("f")
    flow.job(name="t")(function)
    return flow.tasks["t"]


def parameter(function):
    return read(function).parameters[0]


def test_a_parameter_is_run_dir_result_param_or_plain():
    def f(
        a: RunDir,
        b: Path = RunDir(),
        c=RunDir(),
        d: Annotated[str, Result("x")] = "",
        e: Annotated[int, Param("help")] = 1,
        g: int = 2,
    ) -> None: ...

    assert [p.kind for p in read(f).parameters] == [
        "run_dir",
        "run_dir",
        "run_dir",
        "result",
        "param",
        "param",
    ]
    assert read(f).parameters[5].marker.help == ""


def test_run_dir_may_be_optional_or_annotated():
    def f(a: Optional[RunDir] = None, b: Annotated[Path, RunDir] = RunDir()) -> None: ...

    assert [p.kind for p in read(f).parameters] == ["run_dir", "run_dir"]


def test_keyword_only_parameters_keep_their_defaults():
    def f(a: int, b: int = 2, *, c: int, d: int = 4) -> None: ...

    assert [(p.name, p.default) for p in read(f).parameters] == [
        ("a", MISSING),
        ("b", 2),
        ("c", MISSING),
        ("d", 4),
    ]


@pytest.mark.parametrize(
    "hint",
    [
        Annotated[Optional[str], Result("x")],
        Optional[Annotated[str, Result("x")]],
        Union[None, Annotated[str, Result("x")]],
    ],
    ids=str,
)
def test_a_default_of_none_does_not_hide_the_marker(hint):
    def f(x=None) -> None: ...

    f.__annotations__["x"] = hint

    assert (parameter(f).kind, parameter(f).annotation) == ("result", Optional[str])


def test_text_within_a_type_is_resolved_too():
    def f(x: Annotated[list["Path"], Result("y")], z: "list['int']") -> list["str"]: ...  # noqa: UP037

    spec = read(f)

    assert [p.annotation for p in spec.parameters] == [list[Path], list[int]]
    assert spec.returns == list[str]


def test_classes_local_to_the_caller_are_found():
    class Local: ...

    flow = Flow("f")

    @flow.job
    def f(x: Annotated[list[Local], Result("y")]) -> Local: ...

    assert flow.tasks["f"].parameters[0].annotation == list[Local]
    assert flow.tasks["f"].returns is Local


def test_a_name_that_comes_later_is_found_later():
    flow = Flow("f")

    @flow.job
    def f(x: Annotated[list[Late], Result("y")], z: int) -> Late: ...

    spec = flow.tasks["f"]
    kinds = [p.kind for p in spec.parameters]

    class Late: ...

    assert kinds == ["unresolved", "param"]
    assert spec.resolve() == ()
    assert spec.parameters[0].kind == "result"
    assert (spec.parameters[0].annotation, spec.returns) == (list[Late], Late)


def test_a_name_that_never_comes_is_told_with_its_parameter():
    def f(x: Unknown, y: Annotated[str, Result("a")]) -> Unknown: ...

    spec = read(f)

    told = spec.resolve()
    assert len(told) == 2
    assert "parameter 'x'" in told[0]
    assert "'Unknown' is not defined" in told[0]
    assert "return annotation" in told[1]
    assert spec.parameters[1].kind == "result"


def test_a_resolved_task_keeps_no_frame_alive():
    class Big: ...

    def define():
        big, flow = Big(), Flow("f")

        @flow.job
        def f(x: Annotated[int, Param()]) -> int: ...

        return flow, weakref.ref(big)

    flow, gone = define()
    gc.collect()

    assert flow.tasks["f"].is_resolved
    assert gone() is None


def test_wrapped_functions_are_read_through():
    def log(function):
        @functools.wraps(function)
        def wrapper(*args: object, **kwargs: object) -> object:
            return function(*args, **kwargs)

        return wrapper

    @log
    def f(x: Annotated[int, Result("a")]) -> str: ...

    spec = read(f)

    assert [p.name for p in spec.parameters] == ["x"]
    assert spec.function is f


@pytest.mark.skipif(not hasattr(typing, "TypeAliasType"), reason="3.12's type statement")
def test_a_type_alias_shows_its_marker():
    alias = typing.TypeAliasType("Alias", Annotated[str, Result("a")])

    def f(x) -> None: ...

    f.__annotations__["x"] = alias

    assert (parameter(f).kind, parameter(f).annotation) == ("result", str)


def test_the_type_parameters_of_a_function_are_known_in_its_annotations():
    own = typing.TypeVar("Own")

    def f(x) -> None: ...

    f.__annotations__["x"] = "list[Own]"
    f.__type_params__ = (own,)  # as ``def f[Own]`` has them since 3.12

    assert parameter(f).annotation == list[own]


def positional(x: int, /) -> None: ...


async def coroutine() -> None: ...


async def generator() -> None:
    yield


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: None, "does not say what it returns"),
        (positional, "positional-only"),
        (coroutine, "is async"),
        (generator, "is async"),
        (print, "not a function"),
        (functools.partial(positional, 1), "not a function"),
    ],
    ids=str,
)
def test_what_is_no_task_is_refused(function, words):
    with pytest.raises(DefinitionError, match=words):
        read(function)


def test_arguments_without_names_are_refused():
    def args(*values: int) -> None: ...

    def kwargs(**values: int) -> None: ...

    with pytest.raises(DefinitionError, match=r"takes \*args"):
        read(args)
    with pytest.raises(DefinitionError, match=r"takes \*\*kwargs"):
        read(kwargs)


def test_a_missing_annotation_names_the_parameter_and_the_place():
    def f(x: int, y) -> None: ...

    with pytest.raises(DefinitionError, match=r"parameter 'y' has no annotation(.|\n)*test_signature.py:\d+"):
        read(f)


def test_a_marker_that_would_be_lost_is_refused():
    def inside(x: list[Annotated[str, Result("a")]]) -> None: ...

    def two(x: Annotated[str, Result("a"), Param()]) -> None: ...

    def default(x: str = Param()) -> None: ...  # type: ignore[assignment]

    def no_step(x: Annotated[str, Result]) -> None: ...

    def returned() -> Annotated[str, Result("a")]: ...

    def both(x: Annotated[Path, Result("a")] = RunDir()) -> None: ...

    for function, words in [
        (inside, "around the whole type"),
        (two, "keep one"),
        (default, r"write x: Annotated\[T, Param\(\)\]"),
        (no_step, "parameter 'x' says Result, which needs a task"),
        (returned, "a marker belongs to a parameter"),
        (both, "RunDir at once"),
    ]:
        with pytest.raises(DefinitionError, match=words):
            read(function)


def test_the_class_param_stands_for_a_param_without_arguments():
    def f(x: Annotated[str, Param]) -> None: ...

    assert isinstance(parameter(f).marker, Param)


def test_a_secret_has_no_default_that_anybody_can_read():
    def f(token: Annotated[str, Param(secret=True)] = "hunter2") -> None: ...

    def g(token: Annotated[Optional[str], Param(secret=True)] = None) -> None: ...

    with pytest.raises(DefinitionError, match="secret"):
        read(f)
    assert parameter(g).default is None


def test_a_secret_has_no_choices_that_anybody_can_read():
    def f(token: Annotated[str, Param(secret=True, choices=["swordfish"])]) -> None: ...

    with pytest.raises(DefinitionError, match="is secret and has choices") as told:
        read(f)
    assert "swordfish" not in str(told.value)


def test_an_annotation_that_is_no_type_is_refused_at_once():
    def f(x: "list[") -> None: ...  # noqa: F722

    with pytest.raises(DefinitionError, match="is no type"):
        read(f)


def test_literals_and_unions_are_no_markers():
    def f(x: Literal["Result"], y: int | None, z: types.SimpleNamespace | Path) -> None: ...

    assert [p.kind for p in read(f).parameters] == ["param"] * 3
