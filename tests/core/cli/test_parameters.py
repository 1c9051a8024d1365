"""Flags are made from signatures, and what is typed after them becomes exactly the value that is meant."""

from datetime import timedelta
from typing import Annotated

import pytest

from reflow import Param, Workflow
from reflow.errors import DefinitionError, ParameterError, UsageError
from reflow.graph.flags import RESERVED

TYPED = [
    (["--model", "icon"], "model", "icon"),
    (["--no-deep"], "deep", False),
    (["--deep"], "deep", True),
    (["--no-deep", "--deep"], "deep", True),
    (["--levels", "1", "2"], "levels", [1, 2]),
    (["--levels"], "levels", []),
    (["--levels", "1", "--levels", "2"], "levels", [1, 2]),
    (["--ratio", "1"], "ratio", {"$float": "1.0"}),
    (["--ratio", "-1"], "ratio", {"$float": "-1.0"}),
    (["--ratio=-1e5"], "ratio", {"$float": "-100000.0"}),
    (["--where", "/a/b"], "where", {"$path": ["/a/b", None]}),
    (["--prepare-chunk", "128"], "prepare_chunk", 128),
    (["--color"], "color", True),
    (["--param-no-color"], "color", False),
    (["--bucket", ""], "bucket", ""),
    (["--bucket", "ü\n"], "bucket", "ü\n"),
]


@pytest.mark.parametrize(("words", "key", "value"), TYPED, ids=lambda given: str(given)[:40])
def test_a_flag_sets_its_parameter(workflow, typed, words, key, value):
    assert typed(workflow, "--start", "x", *words).parameters[key] == value


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--param-model", "icon"], "model", "icon"),
        (["--param-no-deep"], "deep", False),
        (["--param-levels", "1", "2"], "levels", [1, 2]),
        (["--param-prepare-chunk", "128"], "prepare_chunk", 128),
    ],
)
def test_every_parameter_has_a_second_form(workflow, typed, words, key, value):
    assert typed(workflow, "--start", "x", *words).parameters[key] == value


def test_a_short_flag_is_the_long_one(workflow, typed):
    assert typed(workflow, "-s", "x").parameters["start"] == "x"


def test_what_is_not_typed_has_its_default(workflow, typed):
    found = typed(workflow, "--start", "x").parameters

    assert found["ratio"] == {"$float": "0.5"}
    assert found["levels"] is None
    assert found["colour"]["$enum"][1] == "RED"
    assert list(found) == list(workflow.graph().parameters)


def test_an_enum_is_typed_by_name(workflow, typed):
    assert typed(workflow, "--start", "x", "--colour", "BLUE").parameters["colour"]["$enum"][1] == "BLUE"


def test_parameters_called_like_options_are_set_by_their_own_form(reserved, typed):
    words = [f"--param-{n}={n}" for n in ("task", "since", "status", "run-id", "help", "params")]

    found = typed(reserved, *words, "--param-index", "7", "--param-force").parameters

    assert found == {
        "task": "task",
        "index": 7,
        "since": "since",
        "status": "status",
        "force": True,
        "run_id": "run-id",
        "help": "help",
        "params": "params",
    }


def test_a_reserved_name_keeps_its_own_meaning(reserved, typed):
    with pytest.raises(ParameterError, match="--param-force"):
        typed(
            reserved,
            "--force",
            *(f"--param-{n}=1" for n in ("task", "index", "since", "status", "run-id", "help", "params")),
        )


@pytest.mark.parametrize(
    "words", [["--star", "x"], ["--start", "x", "--mod", "icon"], ["--start", "x", "--for"]]
)
def test_no_flag_is_guessed_from_its_beginning(workflow, typed, words):
    with pytest.raises(UsageError, match="unrecognized arguments"):
        typed(workflow, *words)


def test_all_missing_parameters_are_named_at_once(reserved, typed):
    with pytest.raises(
        ParameterError, match=r"^--param-task, --param-index, .* must be given\nsee: flow.py submit --help$"
    ):
        typed(reserved)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--model", "nonsense"], r"--model .*'nonsense'[\s\S]*era5, icon"),
        (["--ratio", "much"], "--ratio takes float, not 'much'"),
        (["--levels", "1", "x"], "--levels .*x"),
        (["--colour", "GREEN"], "--colour .*GREEN"),
        (["--prepare-chunk", "200"], "--prepare-chunk 200 is none of: 128, 256"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_flag(workflow, typed, words, what):
    with pytest.raises(ParameterError, match=what) as refused:
        typed(workflow, "--start", "x", *words)

    assert len(str(refused.value).splitlines()) <= 3


def test_each_word_of_a_list_is_one_of_its_choices(typed, command):
    wf = Workflow("lists")

    @wf.job
    def one(names: Annotated[list[str], Param(choices=["a", "b"])]) -> int:
        return 1

    assert typed(wf, "--names", "b", "a", "b").parameters["names"] == ["b", "a", "b"]
    with pytest.raises(ParameterError, match="--names 'c' is none of: 'a', 'b'"):
        typed(wf, "--names", "a", "c")
    assert "--names [{a,b} ...]" in command(wf, "submit", "--help")[1]


OPTIONS_WITH_VALUES = {"run_dir", "executor", "store", "profile", "force_tasks", "workers"}


@pytest.mark.parametrize("name", sorted(RESERVED - OPTIONS_WITH_VALUES - {"help"}))
@pytest.mark.parametrize("form", ["{} 13", "{}=13"])
def test_the_flag_of_a_reserved_name_is_answered_with_what_to_type(typed, name, form):
    wf = Workflow("all")
    exec(f"def one({', '.join(f'{each}: int = 1' for each in RESERVED)}) -> int: ...", made := {})
    wf.job(made["one"])
    dashed = name.replace("_", "-")

    with pytest.raises(UsageError) as refused:
        typed(wf, "--param-since", "13", *form.format(f"--{dashed}").split())
    told = str(refused.value).splitlines()

    assert (
        told[1]
        == f"--{dashed} is kept for reflow itself; for the parameter type: {form.format('--param-' + dashed)}"
    )
    assert len(told) == 3


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--no-force"], "--param-no-force"),
        (["--force", "true"], "--param-force"),
        (["--force=true"], "--param-force"),
        (["--workers", "few"], "--param-workers few"),
        (["--wait", "a b"], "--param-wait 'a b'"),
    ],
)
def test_what_is_to_be_typed_for_a_reserved_name_is_of_its_type(typed, words, meant):
    wf = Workflow("some")

    @wf.job
    def one(force: bool = False, workers: str = "few", wait: str = "long") -> int:
        return 1

    with pytest.raises(UsageError, match=f"for the parameter type: {meant}\n"):
        typed(wf, *words)


def test_an_option_that_no_parameter_is_called_like_is_not_explained(workflow, typed):
    with pytest.raises(UsageError) as refused:
        typed(workflow, "--start", "x", "--wait", "13")

    assert str(refused.value) == "unrecognized arguments: 13\nsee: flow.py submit --help"


def test_a_flag_without_its_value_is_answered_with_how_to_write_one(workflow, typed):
    with pytest.raises(UsageError, match=r"^-s/--start: expected 1 argument .*--flag=-value"):
        typed(workflow, "-s", "--deep")


def test_two_parameters_cannot_have_one_flag(workflow, typed):
    graph = workflow.graph()
    twice = dict(graph.parameters) | {"other": graph.parameters["start"]._replace(key="other", name="other")}

    from reflow.cli.submit import parser_of

    with pytest.raises(DefinitionError, match="it is taken"):
        parser_of(graph._replace(parameters=twice), "x")


def test_help_shows_every_parameter_and_takes_percent_signs_as_they_are(workflow, command):
    code, said, _ = command(workflow, "submit", "--help")

    assert code == 0
    assert "Start date, 100%s sure %(prog)s (required)" in " ".join(said.split())
    for flag in (
        "-s, --start START",
        "--model {era5,icon}",
        "--deep, --no-deep",
        "--prepare-chunk {128,256}",
    ):
        assert flag in said
    assert "--param-model" not in said
    assert max(map(len, said.splitlines())) <= 100
    assert said.startswith("usage: python flow.py submit --start START [options]")


def test_help_shows_defaults_as_they_are_typed(command):
    wf = Workflow("w")

    @wf.job
    def f(
        pause: timedelta = timedelta(minutes=90),
        raw: bytes = b"ab",
        names: list[str] = ["a b", "c"],  # noqa: B006  # as users write it
        sizes: dict[str, int] = {"x": 1},  # noqa: B006  # likewise
        nothing: list[int] = [],  # noqa: B006  # likewise
    ) -> None: ...

    _, said, _ = command(wf, "submit", "--help")

    defaults = [line.partition("(default: ")[2] for line in said.splitlines() if "(default: " in line]
    assert defaults == ["PT1H30M)", "ab)", "'a b' c)", "'{\"x\": 1}')", "[])"]


def test_help_names_the_form_that_a_reserved_name_needs(reserved, command):
    _, said, _ = command(reserved, "submit", "--help")

    assert "--param-force, --param-no-force" in said
    assert "--param-status STATUS" in said


def test_the_usage_of_a_required_switch_is_what_can_be_typed(reserved, command):
    _, said, _ = command(reserved, "submit", "--help")

    usage = " ".join(said.partition("\n\n")[0].split())
    assert "--param-force/--param-no-force" in usage
    assert "--param-index INDEX" in usage
