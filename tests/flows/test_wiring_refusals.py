"""What does not fit is refused before anything is made: each case with its message and its remedy."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest

from reflow import Flow, Param, Result, Workflow
from reflow.errors import DefinitionError, ParameterError, UnknownTask, WiringError

CASES: dict[str, tuple[Callable[[Workflow], object], list[str]]] = {}


def refused(*messages: str) -> Callable[[Callable[[Workflow], object]], Callable[[Workflow], object]]:
    """Enter a flow that cannot be, with all that its report must say."""

    def enter(define: Callable[[Workflow], object]) -> Callable[[Workflow], object]:
        CASES[define.__name__] = (define, list(messages))
        return define

    return enter


def sources(wf: Workflow) -> None:
    """Give a workflow a job and an array task to take from."""

    @wf.job
    def words() -> list[str]: ...

    @wf.array_job
    def upper(word: Annotated[str, Result("words")]) -> str: ...


@refused("down.x takes 'word', which is no task of 'w'; did you mean 'words'?")
def unknown_step(wf):
    sources(wf)

    @wf.job
    def down(x: Annotated[list[str], Result("word")]) -> None: ...


@refused("down says after='cleanup', which is no task of 'w'")
def unknown_after(wf):
    @wf.job(after="cleanup")
    def down() -> None: ...


@refused("cycle: a needs c needs b needs a", "take one of these steps, or after=, away")
def cycle(wf):
    @wf.job
    def a(x: Annotated[int, Result("c")]) -> int: ...

    @wf.job
    def b(x: Annotated[int, Result("a")]) -> int: ...

    @wf.job(after="b")
    def c() -> int: ...


@refused("cycle: a needs a")
def task_that_takes_from_itself(wf):
    @wf.job
    def a(x: Annotated[int, Result("a")]) -> int: ...


@refused("down.x wants int, but words returns list[str]", "annotate x as list[str], or return int from words")
def job_to_job_of_another_type(wf):
    sources(wf)

    @wf.job
    def down(x: Annotated[int, Result("words")]) -> None: ...


@refused("down.x wants Path, but up returns str", "annotate x as str, or return Path from up")
def text_for_a_path(wf):
    @wf.job
    def up() -> str: ...

    @wf.job
    def down(x: Annotated[Path, Result("up")]) -> None: ...


@refused("array task down.x wants str, but up returns list[Path]")
def path_for_a_text(wf):
    @wf.job
    def up() -> list[Path]: ...

    @wf.array_job
    def down(x: Annotated[str, Result("up")]) -> None: ...


@refused("down.x wants int, but up returns float")
def float_for_an_int(wf):
    @wf.job
    def up() -> float: ...

    @wf.job
    def down(x: Annotated[int, Result("up")]) -> None: ...


@refused("down.x wants str, but up returns str | None")
def optional_for_a_value(wf):
    @wf.job
    def up() -> Optional[str]: ...

    @wf.job
    def down(x: Annotated[str, Result("up")]) -> None: ...


@refused("down.x wants Literal['era5'], but up returns Literal['era5', 'icon']")
def literal_that_is_too_wide(wf):
    @wf.job
    def up() -> Literal["era5", "icon"]: ...

    @wf.job
    def down(x: Annotated[Literal["era5"], Result("up")]) -> None: ...


@refused("array task down.x wants int, but up returns int", "return list[int] from up")
def array_of_no_list(wf):
    @wf.job
    def up() -> int: ...

    @wf.array_job
    def down(x: Annotated[int, Result("up")]) -> None: ...


@refused("array task down.x wants str, but up returns tuple[str, str]")
def fan_out_of_a_pair(wf):
    @wf.job
    def up() -> tuple[str, str]: ...

    @wf.array_job
    def down(x: Annotated[str, Result("up")]) -> None: ...


@refused("array task down.x wants str, but up returns set[str]")
def fan_out_of_a_set(wf):
    @wf.job
    def up() -> set[str]: ...

    @wf.array_job
    def down(x: Annotated[str, Result("up")]) -> None: ...


@refused(
    "array task down has no parameter that gives its width",
    "take the elements of a list with Annotated[T, Result(step=...)], or make it a @job",
)
def array_without_a_width(wf):
    @wf.array_job
    def down(x: int) -> None: ...


@refused("array task down has no parameter that gives its width")
def array_with_a_broadcast_alone(wf):
    sources(wf)

    @wf.array_job
    def down(x: Annotated[list[str], Result("words")]) -> None: ...


@refused("down.x wants str, but each element of array task upper returns str", "annotate x as list[str]")
def gather_of_one(wf):
    sources(wf)

    @wf.job
    def down(x: Annotated[str, Result("upper")]) -> None: ...


@refused("down.x wants list[int], but each element of array task upper returns str")
def gather_of_another_type(wf):
    sources(wf)

    @wf.job
    def down(x: Annotated[list[int], Result("upper")]) -> None: ...


@refused("array task down.x wants int, but each element of array task upper returns str")
def chain_of_another_type(wf):
    sources(wf)

    @wf.array_job
    def down(x: Annotated[int, Result("upper")]) -> None: ...


@refused("with Any it could be fan-out or broadcast", "annotate x and what up returns")
def any_that_could_be_two_things(wf):
    @wf.job
    def up() -> list[Any]: ...

    @wf.array_job
    def down(x: Annotated[list[str], Result("up")]) -> None: ...


@refused(
    "down.x wants list[str], but words returns list[str] and up returns int", "annotate x as list[int | str]"
)
def several_steps_of_two_types(wf):
    sources(wf)

    @wf.job
    def up() -> int: ...

    @wf.job
    def down(x: Annotated[list[str], Result(steps=["words", "up"])]) -> None: ...


@refused(
    "parameter 'n' is int and str: one and two share it",
    'make them agree, or say Param(namespace="local") in one of them',
)
def one_name_with_two_types(wf):
    @wf.job
    def one(n: int) -> None: ...

    @wf.job
    def two(n: str) -> None: ...


@refused("parameter 'n' has the defaults 1 and 2: one and two share it")
def one_name_with_two_defaults(wf):
    @wf.job
    def one(n: int = 1) -> None: ...

    @wf.job
    def two(n: int = 2) -> None: ...


@refused("one.n and two.one_n are both --one-n on the command line")
def two_parameters_with_one_flag(wf):
    @wf.job
    def one(n: Annotated[int, Param(namespace="local")]) -> None: ...

    @wf.job
    def two(one_n: int) -> None: ...


@refused("what up returns: ", "reflow_adapter")
def type_that_cannot_be_kept(wf):
    class Grid: ...

    @wf.job
    def up() -> Grid: ...


@refused("the annotation 'Missing' cannot be resolved: name 'Missing' is not defined", "define or import it")
def name_that_is_nowhere(wf):
    def up(x) -> None: ...

    up.__annotations__["x"] = "Missing"
    wf.job(up)


@refused("down.x, bound by include(params=...): ", "'many'")
def bound_value_of_another_type(wf):
    flow = Flow("f")

    @flow.job
    def down(x: int) -> None: ...

    wf.include(flow, params={"x": "many"})


@refused("takes the function 'up', which is no task of 'w'; decorate it, or include its flow")
def function_that_is_no_task(wf):
    def up() -> int: ...

    @wf.job
    def down(x: Annotated[int, Result(up)]) -> None: ...


@refused("takes the function 'up', which is several tasks here (a_up, b_up); give one of the names")
def function_that_is_several_tasks(wf):
    flow = Flow("f")

    @flow.job
    def up() -> int: ...

    wf.include(flow, prefix="a")
    wf.include(flow, prefix="b")

    @wf.job
    def down(x: Annotated[int, Result(up)]) -> None: ...


@refused("down.x takes 'gone'", "other.y wants int", "cycle: p needs q needs p")
def many_things_at_once(wf):
    sources(wf)

    @wf.job
    def down(x: Annotated[int, Result("gone")]) -> None: ...

    @wf.job
    def other(y: Annotated[int, Result("words")]) -> None: ...

    @wf.job(after="q")
    def p() -> None: ...

    @wf.job(after="p")
    def q() -> None: ...


@pytest.mark.parametrize("case", CASES)
def test_a_flow_that_does_not_fit_is_refused_in_words_and_leaves_nothing_behind(case, tmp_path):
    wf = Workflow("w")
    define, messages = CASES[case]
    define(wf)

    with pytest.raises(WiringError) as caught:
        wf.submit(tmp_path / "run", executor="local", store=str(tmp_path / "store.db"))

    for message in messages:
        assert message in str(caught.value)
    assert "test_wiring_refusals.py:" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["check", "submit", "dag", "describe"])
def test_each_command_refuses_a_flow_that_does_not_fit(command, capsys):
    wf = Workflow("w")
    many_things_at_once(wf)

    assert wf.cli([command], "python flow.py") == 2
    told = capsys.readouterr()
    assert told.out == ""
    for message in CASES["many_things_at_once"][1]:
        assert message in told.err


def result_and_param(wf):
    def down(x: Annotated[int, Result("up"), Param()]) -> None: ...

    wf.job(down)


def takes_args(wf):
    def down(*paths: str) -> None: ...

    wf.job(down)


def takes_kwargs(wf):
    def down(**options: str) -> None: ...

    wf.job(down)


def positional_only(wf):
    def down(x: int, /) -> None: ...

    wf.job(down)


def without_annotation(wf):
    def down(x) -> None: ...

    wf.job(down)


def without_return(wf):
    def down(x: int): ...

    wf.job(down)


def coroutine(wf):
    async def down() -> None: ...

    wf.job(down)


def broadcast_to_a_job(wf):
    def down(x: Annotated[list[int], Result("up", broadcast=True)]) -> None: ...

    wf.job(down)


def twice_the_same(wf):
    sources(wf)
    sources(wf)


def included_twice(wf):
    flow = Flow("f")
    sources(flow)
    wf.include(flow)
    wf.include(flow)


def unknown_bound(wf):
    flow = Flow("f")

    @flow.job
    def down(model: str) -> None: ...

    wf.include(flow, params={"modell": "icon"})


def marker_as_default(wf):
    def down(x: int = Param(help="x")) -> None: ...

    wf.job(down)


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (result_and_param, "has 2 markers .*; keep one"),
        (takes_args, r"takes \*args"),
        (takes_kwargs, r"takes \*\*kwargs"),
        (positional_only, "positional-only"),
        (without_annotation, "'x' has no annotation; write its type, such as x: str"),
        (without_return, "does not say what it returns"),
        (coroutine, "async"),
        (broadcast_to_a_job, "broadcast=True, which only an array task can"),
        (twice_the_same, "has two tasks called 'words'"),
        (included_twice, "has two tasks called 'words'"),
        (unknown_bound, "no parameter 'modell'; did you mean 'model'?"),
        (marker_as_default, r"as its default; write x: Annotated\[T, Param\("),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_a_signature_itself_shows_is_refused_by_the_decorator(define, message):
    with pytest.raises(DefinitionError, match=message):
        define(Workflow("w"))


def test_an_argument_that_is_none_is_refused_with_what_was_meant():
    with pytest.raises(DefinitionError, match=r"takes no argument 'cpu'; did you mean 'cpus'\?"):
        Workflow("w").job(cpu=4)(sources)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": "x"}, "n"),
        ({"n": None}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": Decimal(1)}, "n"),
        ({"n": 1, "model": "nonsense"}, "model takes Literal.*, not str 'nonsense'\nchoose from era5, icon"),
        ({"n": 1, "modell": "era5"}, "has no parameter 'modell'; did you mean 'model'?"),
        ({}, r"needs n \(how many\); write: submit\(n=...\)"),
    ],
    ids=str,
)
def test_a_parameter_that_cannot_be_is_refused_from_python_too(given, message, tmp_path):
    wf = Workflow("w")

    @wf.job
    def down(n: Annotated[int, Param(help="how many")], model: Literal["era5", "icon"] = "era5") -> None: ...

    with pytest.raises(ParameterError, match=message):
        wf.submit(tmp_path / "run", executor="local", store=str(tmp_path / "store.db"), **given)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_task_to_force_is_refused_with_what_was_meant(tmp_path):
    wf = Workflow("w")
    sources(wf)

    with pytest.raises(UnknownTask, match=r"has no task 'word'; did you mean 'words'\?"):
        wf.submit(tmp_path / "run", executor="local", store=str(tmp_path / "store.db"), force_tasks=["word"])
    assert list(tmp_path.iterdir()) == []
