"""The hash of a function's source, and the places of its parameters."""

from __future__ import annotations

import importlib.util
import itertools

import pytest

from reflow.graph.code import codes_of
from reflow.graph.source import definition_line, parameter_place

numbers = itertools.count()

PLAIN = '''
from typing import Annotated
from reflow import Flow, Param
flow = Flow("f")

@flow.job(cpus=4)
def f(x: Annotated[int, Param(help="a number")], y: int = 1) -> int:
    """Say what it does."""
    def inner():
        """Inside."""
        return 1
    return x + y  # the sum
'''


def source_hash(task):
    return codes_of({"task": task})["task"].source


@pytest.fixture
def function(tmp_path):
    def load(text):
        path = tmp_path / f"flow_{next(numbers)}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.f

    return load


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # the sum", ""),
        ('"""Say what it does."""', '"""Say it better."""'),
        ('    """Say what it does."""\n', ""),
        ('        """Inside."""\n', ""),
        ("x + y", "(x\n        +  y)"),
        ("cpus=4", "cpus=8, version='2'"),
        ("@flow.job(cpus=4)\n", ""),
        ('help="a number"', 'help="any number"'),
        ('Annotated[int, Param(help="a number")]', "int"),
        ("\nfrom typing", "\n\n\n\nfrom typing"),
    ],
)
def test_what_is_no_code_leaves_the_hash(function, old, new):
    assert old in PLAIN

    assert source_hash(function(PLAIN.replace(old, new))) == source_hash(function(PLAIN))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + y", "x - y"),
        ("= 1) ->", "= 2) ->"),
        ("y: int", "y: float"),
        ("return 1", "return 2"),
        ("def f(", "def f(z: int = 3, *, "),
    ],
)
def test_code_changes_the_hash(function, old, new):
    assert old in PLAIN

    assert source_hash(function(PLAIN.replace(old, new))) != source_hash(function(PLAIN))


def test_other_decorators_are_code(function):
    retried = PLAIN.replace("@flow.job(cpus=4)\n", "def retry(g):\n    return g\n\n@retry\n")

    assert source_hash(function(retried)) != source_hash(function(PLAIN))


def test_two_functions_of_one_name_are_told_apart(function):
    text = PLAIN + "\ng = f\n\ndef f(x: int) -> int:\n    return x\n"

    assert source_hash(function(text)) != source_hash(function(PLAIN))


def test_a_function_without_source_has_no_hash():
    names = {}
    exec("def f(x: int) -> int: ...", names)

    assert source_hash(names["f"]) == ""
    assert parameter_place(names["f"], "x") is None
    assert definition_line(names["f"]) is None


def test_the_place_of_a_parameter_is_its_line_and_text(function):
    assert parameter_place(function(PLAIN), "y") == (7, "y: int")
    assert parameter_place(function(PLAIN), "x") == (7, "x: Annotated[int, Param(help='a number')]")
    assert parameter_place(function(PLAIN), "z") is None
    assert definition_line(function(PLAIN)) == 7
