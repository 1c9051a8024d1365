"""What is known by its value alone counts as it is: functions of closures, of wrappers, of files that were edited."""

from __future__ import annotations

import sys

import pytest

from reflow.graph.code import codes_of


def code_of(task):
    return codes_of({"task": task})["task"]


CLOSURES = {
    "a lambda": (
        "def make(op):\n    def task(x: int) -> int:\n        return op(x)\n    return task\n\n"
        "task = make(lambda x: x + 1)\n",
        "x + 1",
        "x + 100",
    ),
    "a lambda that a function makes": (
        "def adder(n):\n    return lambda x: x + n\n\ndef make(op):\n    def task(x: int) -> int:\n"
        "        return op(x)\n    return task\n\ntask = make(adder(1))\n",
        "adder(1)",
        "adder(2)",
    ),
    "two closures of one function": (
        "def adder(n):\n    def add(x):\n        return x + n\n    return add\n\ndef make(a, b):\n"
        "    def task(x: int) -> int:\n        return a(x) + b(x)\n    return task\n\n"
        "task = make(adder(1), adder(2))\n",
        "adder(2)",
        "adder(3)",
    ),
    "which of two closures is which": (
        "def adder(n):\n    def add(x):\n        return x + n\n    return add\n\ndef make(a, b):\n"
        "    def task(x: int) -> int:\n        return a(x) + 2 * b(x)\n    return task\n\n"
        "task = make(adder(1), adder(2))\n",
        "make(adder(1), adder(2))",
        "make(adder(2), adder(1))",
    ),
    "one of three closures that are two": (
        "def adder(n):\n    def add(x):\n        return x + n\n    return add\n\ndef make(a, b, c):\n"
        "    def task(x: int) -> int:\n        return a(x) + b(x) + c(x)\n    return task\n\n"
        "task = make(adder(1), adder(2), adder(1))\n",
        "(adder(1), adder(2)",
        "(adder(2), adder(2)",
    ),
    "a type": (
        "def make(op):\n    def task(x: int) -> int:\n        return op(x)\n    return task\n\ntask = make(int)\n",
        "make(int)",
        "make(float)",
    ),
    "a function of Python": (
        "import math, textwrap\n\ndef make(op):\n    def task(x: int) -> int:\n        return op(x)\n"
        "    return task\n\n"
        "task = make(textwrap.indent)\n",
        "textwrap.indent",
        "textwrap.dedent",
    ),
    "a default": (
        "def make(n):\n    def task(x: int, k: int = n) -> int:\n        return x + k\n    return task\n"
        "\ntask = make(1)\n",
        "make(1)",
        "make(2)",
    ),
    "a default that has the name of a global": (
        "n = 1\n\ndef make(n):\n    def task(x: int, k: int = n) -> int:\n        return x + k\n    return task\n\n"
        "task = make(1)\n",
        "make(1)",
        "make(2)",
    ),
    "a variable that a function within sets": (
        "def make(n):\n    def task(x: int) -> int:\n        nonlocal n\n        n += x\n        return n\n"
        "    return task\n\ntask = make(1)\n",
        "make(1)",
        "make(2)",
    ),
    "a wrapper": (
        "import functools\n\ndef timed(f):\n    @functools.wraps(f)\n    def wrapper(*args, **given):\n"
        "        return 1 * f(*args, **given)\n    return wrapper\n\ndef task(x: int) -> int:\n    return x\n\n"
        "task = timed(task)\n",
        "1 * f",
        "2 * f",
    ),
    "what a wrapper was given": (
        "import functools\n\ndef times(n):\n    def wrap(f):\n        @functools.wraps(f)\n"
        "        def wrapper(*args, **given):\n            return n * f(*args, **given)\n        return wrapper\n"
        "    return wrap\n\ndef task(x: int) -> int:\n    return x\n\ntask = times(1)(task)\n",
        "times(1)",
        "times(2)",
    ),
    "a wrapper around what has a decorator": (
        "import functools\n\ndef noted(f):\n    return f\n\ndef timed(f):\n    @functools.wraps(f)\n"
        "    def wrapper(*args, **given):\n        return 1 * f(*args, **given)\n    return wrapper\n\n"
        "@noted\ndef task(x: int) -> int:\n    return x\n\ntask = timed(task)\n",
        "1 * f",
        "2 * f",
    ),
}


@pytest.mark.parametrize("shape", CLOSURES)
def test_a_value_that_a_task_was_made_with_is_code(load, shape):
    text, old, new = CLOSURES[shape]
    assert text.count(old) == 1
    one, other = (code_of(load({"flow": changed})) for changed in (text, text.replace(old, new)))

    assert one.hash != other.hash
    assert one.unresolved == ()


def test_a_decorator_of_a_task_counts_once(load):
    text = (
        CLOSURES["a wrapper"][0].replace("\ntask = timed(task)\n", "").replace("def task", "@timed\ndef task")
    )

    assert set(code_of(load({"flow": text})).parts) == {":task", ":timed"}


TIMED = (
    "import functools\n\ndef timed(f):\n    @functools.wraps(f)\n    def wrapper(*args, **given):\n"
    "        return 1 * f(*args, **given)\n    return wrapper\n"
)


def test_a_wrapper_counts_as_it_stands_in_a_module_of_its_own(load):
    flow = "from .tools import timed\n\ndef plain(x: int) -> int:\n    return x\n\ntask = timed(plain)\n"
    one, other = (
        code_of(load({"flow": flow, "tools": text})) for text in (TIMED, TIMED.replace("1 * f", "2 * f"))
    )

    assert one.hash != other.hash
    assert one.unresolved == ()


def test_a_decorator_of_another_module_counts_once(load):
    flow = "from .tools import timed\n\n@timed\ndef task(x: int) -> int:\n    return x\n"
    found = code_of(load({"flow": flow, "tools": TIMED}))

    assert set(found.parts) == {":task", "tools.py:timed"}
    assert found.unresolved == ()


def test_a_wrapper_that_nobody_can_read_is_told(load):
    text = "import functools\n\ndef task(x: int) -> int:\n    return x\n\ntask = functools.lru_cache(task)\n"

    (told,) = code_of(load({"flow": text})).unresolved
    assert told == "task in flow.py is wrapped by a value of type _lru_cache_wrapper"


def test_a_function_that_has_no_text_is_told(load):
    text = """
def make(op):
    def task(x: int) -> int:
        return op(x)
    return task

names = {}
exec("def op(x): return x", names)
task = make(names["op"])
"""

    assert code_of(load({"flow": text})).unresolved == ("op in <string> is not to be found in its file",)


def test_a_closure_is_found_in_a_file_that_has_a_very_long_expression(load):
    deep = f"\n\ndef deep(x):\n    return {' + '.join(['x'] * 2500)}\n"

    assert code_of(load({"flow": CLOSURES["a lambda"][0] + deep})).hash


DECORATED = """
from reflow import Flow

class Mine:
    def job(self, n):
        return lambda f: lambda x: n * f(x)

mine = Mine()
flow = Flow("f")

@{by}
def helper(x: int) -> int:
    return x

def task(x: int) -> int:
    return helper(x)
"""


def test_a_decorator_counts_that_is_only_called_as_one_of_reflow(load):
    one, other = (code_of(load({"flow": DECORATED.format(by=by)})) for by in ("mine.job(2)", "mine.job(3)"))

    assert one.hash != other.hash


def test_a_task_that_is_called_by_another_counts_without_what_makes_it_a_task(load):
    said = ("flow.job", "flow.job(cpus=4)", "flow.array_job(cpus=8)")

    assert len({code_of(load({"flow": DECORATED.format(by=by)})).hash for by in said}) == 1


EDITED = "N = 1\n\ndef helper(x):\n    return x\n\ndef task(x: int) -> int:\n    return helper(x) + N\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [("N = 1", "\n\nN = 2"), ("    return x\n", "    y = x\n    return y\n"), ("+ N", "- N")],
)
def test_a_file_that_was_edited_after_it_was_loaded_counts_as_it_is(load, old, new):
    task = load({"flow": EDITED})
    with open(sys.modules[task.__module__].__file__, "w") as file:
        file.write(EDITED.replace(old, new))

    edited = code_of(task)
    assert edited.hash == code_of(load({"flow": EDITED.replace(old, new)})).hash
    assert edited.unresolved == ()


def test_all_count_that_have_the_name_of_a_function_that_stands_there_no_more(load):
    task = load({"flow": EDITED})
    one = (
        "if N:\n    def task(x: int) -> int:\n        return 1\nelse:\n    def task(x: int) -> int:\n"
        "        return 2\n"
    )
    hashes = []
    for text in (one, one.replace("return 2", "return 3")):
        with open(sys.modules[task.__module__].__file__, "w") as file:
            file.write("N = 1\n" * 10 + text)
        hashes.append(code_of(task).hash)

    assert len({*hashes, ""}) == 3


CELLS = {
    "a lambda": ("f = lambda x: 2 * x\n", "2 * x", "3 * x"),
    "a wrapper": (
        "import functools\n\ndef times(n):\n    def wrap(f):\n        @functools.wraps(f)\n"
        "        def wrapper(x):\n            return n * f(x)\n        return wrapper\n    return wrap\n\n"
        "def raw(x):\n    return x\n\nf = times(2)(raw)\n",
        "times(2)",
        "times(3)",
    ),
    "what fills a field": (
        "from dataclasses import dataclass, field\n\n@dataclass\nclass f:\n    x: int\n"
        "    ys: list = field(default_factory=lambda: [1])\n",
        "[1]",
        "[2]",
    ),
    "what type fills a field": (
        "from dataclasses import dataclass, field\n\n@dataclass\nclass f:\n    x: int\n"
        "    ys: object = field(default_factory=list)\n",
        "=list",
        "=dict",
    ),
    "a setter": (
        "class f:\n    def __init__(self, x):\n        self.x = x\n    @property\n    def x(self):\n"
        "        return self._x\n"
        "    @x.setter\n    def x(self, x):\n        self._x = 1 * x\n",
        "1 * x",
        "2 * x",
    ),
    "a cached property": (
        "from functools import cached_property\n\nclass f:\n    def __init__(self, x):\n        self.x = x\n"
        "    @cached_property\n    def y(self):\n        return 1 * self.x\n",
        "1 * self.x",
        "2 * self.x",
    ),
    "a class within": (
        "class f:\n    class Inner:\n        n = 1\n    def __init__(self, x):\n        self.x = x\n",
        "n = 1",
        "n = 2",
    ),
    "the class of a field": (
        "from dataclasses import dataclass\nfrom typing import Optional\n\nclass Inner:\n    n = 1\n\n"
        "@dataclass\nclass f:\n    x: Optional[Inner]\n",
        "n = 1",
        "n = 2",
    ),
    "the quoted class of a field": (
        "from dataclasses import dataclass\n\nclass Inner:\n    n = 1\n\n@dataclass\nclass f:\n"
        "    x: 'list[Inner]'\n",
        "n = 1",
        "n = 2",
    ),
    "the order of a named tuple": (
        "from typing import NamedTuple\n\nclass f(NamedTuple):\n    x: int\n    a: int = 0\n    b: int = 0\n",
        "a: int = 0\n    b",
        "b: int = 0\n    a",
    ),
    "the order of a plain named tuple": (
        "from collections import namedtuple\n\nf = namedtuple('f', 'x a b', defaults=(1, 2))\n",
        "x a b",
        "x b a",
    ),
    "a method of an Enum": (
        "from enum import Enum\n\nclass f(Enum):\n    A = 1\n    def __str__(self):\n        return 'a'\n",
        "'a'",
        "'b'",
    ),
    "a member of an Enum": ("from enum import Enum\n\nclass f(Enum):\n    A = 1\n    B = 2\n", "B = 2", "B = 3"),
    "slots": ("class f:\n    __slots__ = ('x',)\n    def __init__(self, x):\n        self.x = x\n"
    "", "('x',)", "('x', 'y')"),
    "an abstract method": (
        "import abc\n\nclass f(abc.ABC):\n    @abc.abstractmethod\n    def g(self):\n        return 1\n",
        "return 1",
        "return 2",
    ),
}  # fmt: skip
TAKES = "def task(x: int) -> int:\n    return f(x)\n"


@pytest.mark.parametrize("shape", CELLS)
def test_what_another_cell_says_counts_as_it_is(notebook, shape):
    text, old, new = CELLS[shape]
    assert text.count(old) == 1

    def code(text):
        cell = notebook()
        cell(text)
        return code_of(cell(TAKES)["task"])

    assert code(text) == code(text)
    assert code(text).hash != code(text.replace(old, new)).hash
    assert code(text).unresolved == ()


@pytest.mark.parametrize(
    "text", ["class f:\n    where = object()\n", "import functools\nf = functools.partial(max, 1)\n"]
)
def test_what_another_cell_says_and_nobody_can_write_down_is_told(cell, text):
    cell(text)

    (told,) = code_of(cell(TAKES)["task"]).unresolved
    assert "a value of type" in told
