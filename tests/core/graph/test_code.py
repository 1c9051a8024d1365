"""The code that a task reaches, and what of it changes its hash."""

from __future__ import annotations

import linecache
import random
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reflow.graph.code import codes_of

FLOW = '''
from typing import Annotated
from reflow import Flow, Param
from .tools import clip
from . import shapes
flow = Flow("f")
OTHER = 5

@flow.job(cpus=4)
def task(x: Annotated[int, Param(help="a number")], box: "shapes.Box") -> int:
    """Say what it does."""
    part: int = clip(x)
    return part + box.area()  # the sum
'''
TOOLS = """
from .limits import LIMIT as HIGHEST, floor

def clip(x):
    return max(floor(x), min(x, HIGHEST))

def unused(x):
    return x
"""
LIMITS = """
LOWEST = 0
LIMIT = 10
UNUSED = 3

def floor(x):
    return max(x, LOWEST)
"""
SHAPES = """
from dataclasses import dataclass
from . import limits

def scaled(x):
    return limits.LIMIT * x

@dataclass
class Box:
    width: int
    height: int

    def area(self):
        return scaled(self.width * self.height)

    def half(self):
        return self.width / 2

class Unused:
    pass
"""
PROJECT = {"flow": FLOW, "tools": TOOLS, "limits": LIMITS, "shapes": SHAPES}


def changed(module, old, new):
    assert old in PROJECT[module]
    return {**PROJECT, module: PROJECT[module].replace(old, new)}


def test_the_parts_are_all_that_is_reached_and_nothing_else(code):
    assert set(code(PROJECT).parts) == {
        *(":task", "tools.py:clip", "shapes.py:Box", "shapes.py:scaled"),
        *("limits.py:LIMIT", "limits.py:floor", "limits.py:LOWEST"),
    }


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("flow", "part +", "part -"),
        ("tools", "max(", "min("),
        ("limits", "LOWEST = 0", "LOWEST = 1"),
        ("limits", "LIMIT = 10", "LIMIT = 11"),
        ("limits", "max(x", "min(x"),
        ("shapes", "limits.LIMIT * x", "x"),
        ("shapes", "height: int", "height: int = 1"),
        ("shapes", "self.width *", "self.width +"),
        ("shapes", "@dataclass\n", "@dataclass(frozen=True)\n"),
    ],
)
def test_what_a_task_reaches_changes_its_hash(code, module, old, new):
    assert code(changed(module, old, new)).hash != code(PROJECT).hash


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("flow", "part: int = ", "part = "),
        ("flow", "  # the sum", ""),
        ("flow", "cpus=4", "cpus=8, version='2'"),
        ("flow", "OTHER = 5", "OTHER = 6"),
        ("flow", '"shapes.Box"', "shapes.Box"),
        ("tools", "def unused(x):\n    return x\n", ""),
        ("tools", "def clip(x):\n", "def clip(x):\n    '''Keep it in bounds.'''\n"),
        ("tools", "max(floor(x), min(x, HIGHEST))", "(max(\n        floor(x),min( x,HIGHEST)))"),
        ("limits", "LIMIT = 10", "LIMIT: int = 10"),
        ("limits", "UNUSED = 3", "UNUSED = 4"),
        ("shapes", "class Unused", "class StillUnused"),
    ],
)
def test_what_is_no_code_or_is_not_reached_leaves_it(code, module, old, new):
    assert code(changed(module, old, new)).hash == code(PROJECT).hash


def test_the_order_of_methods_is_no_code(code):
    area = "    def area(self):\n        return scaled(self.width * self.height)\n\n"
    half = "    def half(self):\n        return self.width / 2\n\n"

    assert code(changed("shapes", area + half, half + area)).hash == code(PROJECT).hash


def test_the_parts_say_which_definition_changed(code):
    before, after = code(PROJECT).parts, code(changed("limits", "LOWEST = 0", "LOWEST = 1")).parts

    assert {part for part in before if before[part] != after[part]} == {"limits.py:LOWEST"}


LAYOUTS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "blank": st.integers(0, 3),
        "comment": st.sampled_from(["", "# nothing\n", "# def f(): pass\n"]),
        "docstring": st.sampled_from(["", '    """Says something."""\n']),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layout=LAYOUTS)
def test_no_order_comment_or_docstring_changes_the_hash(code, layout):
    again = {name: laid_out(text, layout) for name, text in PROJECT.items()}

    assert code(again).hash == code(PROJECT).hash


def laid_out(text, layout):
    """Write the definitions of a module in another order, with other comments and docstrings."""
    blocks = text.strip().split("\n\n")
    head = [block for block in blocks if "import" in block]
    blocks = _whole([block for block in blocks if block not in head])
    if "@dataclass" not in text:
        random.Random(layout["seed"]).shuffle(blocks)
    described = [
        block.replace("):\n", f"):\n{layout['docstring']}") if "    def" not in block else block
        for block in blocks
    ]
    gap = "\n" * (1 + layout["blank"]) + layout["comment"]
    return gap.join([*head, *described]) + "\n"


def _whole(blocks):
    """Put the methods of a class back behind it."""
    found = []
    for block in blocks:
        if block.startswith(" "):
            found[-1] += f"\n\n{block}"
        else:
            found.append(block)
    return found


SHAPES_OF_CODE = {
    "a decorator of a helper": (
        "def loud(f):\n    return f\n\n@loud\ndef helper(x):\n    return x\n",
        "def loud(f):\n    return f",
        "def loud(f):\n    print()\n    return f",
    ),
    "a base class": (
        "class Base:\n    n = 1\n\nclass Helper(Base):\n    pass\n\ndef helper(x):\n    return Helper().n\n",
        "n = 1",
        "n = 2",
    ),
    "the type of more arguments": (
        "class Box:\n    n = 1\n\ndef helper(*xs: Box):\n    return xs\n",
        "n = 1",
        "n = 2",
    ),
    "a default": ("N = 1\n\ndef helper(x, n=N):\n    return n\n", "N = 1", "N = 2"),
    "a table that is filled": (
        "T = {}\nT['a'] = 1\nT.update(b=2)\n\ndef helper(x):\n    return T\n",
        "b=2",
        "b=3",
    ),
    "one of two branches": (
        "try:\n    import nothing_there\nexcept ImportError:\n    nothing_there = 1\n\n"
        "def helper(x):\n    return nothing_there\n",
        "nothing_there = 1",
        "nothing_there = 2",
    ),
    "a partial function": (
        "from functools import partial\n\ndef f(n, x):\n    return n\n\nhelper = partial(f, 1)\n",
        "return n",
        "return x",
    ),
    "an import within": (
        "def helper(x):\n    from .tools import clip\n    return clip(x)\n\nfrom . import tools\n",
        "return clip(x)",
        "return clip(x + 1)",
    ),
    "a name in a comprehension": (
        "N = [1]\n\ndef helper(x):\n    return [x for x in N]\n",
        "N = [1]",
        "N = [2]",
    ),
    "a global of a nested function": (
        "N = 1\n\ndef helper(x):\n    def inner():\n        return N\n    return inner()\n",
        "N = 1",
        "N = 2",
    ),
    "a name that a class has too": (
        "N = 1\n\nclass C:\n    N = N\n    def m(self):\n        return N\n\ndef helper(x):\n    return C()\n",
        "N = 1\n\nclass",
        "N = 2\n\nclass",
    ),
    "the type of a field": (
        "from dataclasses import dataclass\n\nclass In:\n    n = 1\n\n"
        "@dataclass\nclass Out:\n    inner: 'In'\n\ndef helper(x):\n    return Out(x)\n",
        "n = 1",
        "n = 2",
    ),
    "an object that is made once": (
        "class Model:\n    def run(self, x):\n        return x\n\nMODEL = Model()\n\n"
        "def helper(x):\n    return MODEL.run(x)\n",
        "return x\n\nMODEL",
        "return -x\n\nMODEL",
    ),
    "recursion": (
        "def even(x):\n    return odd(x)\n\ndef odd(x):\n    return even(x)\n\nhelper = even\n",
        "return even(x)",
        "return even(x - 1)",
    ),
}
USER = """
from reflow import Flow
from .{module} import {what}
flow = Flow("f")

@flow.job
def task(x: int) -> int:
    return {call}(x)
"""


@pytest.mark.parametrize("shape", SHAPES_OF_CODE)
def test_a_helper_is_followed_through(code, shape):
    text, old, new = SHAPES_OF_CODE[shape]
    assert old in text
    flow = USER.format(module="own", what="helper", call="helper")
    others = {"tools": TOOLS, "limits": LIMITS, "flow": flow}

    assert code({**others, "own": text}).hash != code({**others, "own": text.replace(old, new)}).hash


PACK = {
    "pack/__init__": "from . import inner\n",
    "pack/inner": "from ..tools import clip\n\ndef f(x):\n    return clip(x)\n",
}


@pytest.mark.parametrize(
    ("through", "what", "call"),
    [
        ("from .tools import clip\n", "clip", "clip"),
        ("from .tools import *\n", "clip", "clip"),
        ("from . import tools\n", "tools", "tools.clip"),
        ("from . import tools as t\n", "t", "t.clip"),
        ("from . import pack\n", "pack", "pack.inner.f"),
        ("from . import tools\n", "tools", "(lambda x: getattr(tools, 'cl' + 'ip')(x))"),
    ],
)
def test_a_name_is_followed_however_it_was_imported(code, through, what, call):
    flow = USER.format(module="way", what=what, call=call)
    project = {"way": through, "tools": TOOLS, "limits": LIMITS, "flow": flow, **PACK}
    other = {**project, "limits": LIMITS.replace("LOWEST = 0", "LOWEST = 1")}

    assert code(project).hash != code(other).hash


@pytest.mark.parametrize("call", ["lazy.LIMIT", "lazy.__getattr__('LIMIT')"])
def test_what_a_module_answers_by_a_function_is_followed(code, call):
    own = f"from . import lazy\n\ndef helper(x):\n    return {call}\n"
    lazy = "def __getattr__(name):\n    return {}\n"
    project = {"own": own, "flow": USER.format(module="own", what="helper", call="helper")}

    one, other = (code({**project, "lazy": lazy.format(limit)}) for limit in (1, 2))
    assert one.hash != other.hash
    assert one.unresolved == ()


def test_a_package_without_init_is_followed(load, tmp_path, monkeypatch):
    def hash_of(name, text):
        folder = tmp_path / name / f"loose_{name}"
        folder.mkdir(parents=True)
        (folder / "inner.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path / name))
        flow = f"from loose_{name} import inner\n\ndef task(x: int) -> int:\n    return inner.f(x)\n"
        return codes_of({"task": load({"flow": flow})})["task"].parts

    one, other = hash_of("one", "def f(x):\n    return 1\n"), hash_of("two", "def f(x):\n    return 2\n")

    assert sorted(one.values()) != sorted(other.values())
    assert len(one) == len(other) == 2


OPAQUE = ("exec", "eval", "compile", "globals", "locals", "__import__")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        *((f"{name}('x')", f"helper in own.py:3 calls {name}") for name in OPAQUE),
        ("importlib.import_module(x)", "helper in own.py:3 calls importlib.import_module"),
        ("runpy.run_path(x)", "helper in own.py:3 calls runpy.run_path"),
        ("spec.loader.exec_module(x)", "helper in own.py:3 calls spec.loader.exec_module"),
        ("sys.modules[x].run()", "helper in own.py:3 calls sys.modules"),
        ("sys.__dict__[x]", "helper in own.py:3 calls sys.__dict__"),
        ("sys.__dict__.get(x)", "helper in own.py:3 calls sys.__dict__.get"),
        ("type(x).__subclasses__()", "helper in own.py:3 calls __subclasses__"),
        ("getattr(x, str(x))", "helper in own.py:3 calls getattr"),
        ("os.environ['X']", "helper in own.py:3 calls os.environ"),
        ("os.getenv('X')", "helper in own.py:3 calls os.getenv"),
        ("nowhere(x)", "helper in own.py takes nowhere, which is not to be found"),
    ],
)
def test_what_cannot_be_followed_is_told(code, body, told):
    flow = USER.format(module="own", what="helper", call="helper")

    own = f"import importlib, os, runpy, sys; spec = 1\ndef helper(x):\n    return {body}\n"
    assert code({"own": own, "flow": flow}).unresolved == (told,)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("T = json.load(open('a.json'))", ["json.load", "open"]),
        ("T = json.loads(Path('a.json').read_text())", ["read_text"]),
        ("T = np.loadtxt('a.txt')", ["np.loadtxt"]),
        ("T = lambda: open('a.json')", []),
        ("T = json.loads('1')", []),
        ("def T():\n        return open('a.json')", []),
    ],
)
def test_what_is_read_while_a_module_is_loaded_is_told(code, statement, told):
    own = (
        f"import json\nfrom pathlib import Path\nimport numpy as np\nif not json:\n    {statement}\nT = 0\n\n"
    )
    helper = "def helper(x):\n    return T, open(x)\n"
    flow = USER.format(module="own", what="helper", call="helper")

    unresolved = code({"own": own + helper, "flow": flow}).unresolved
    assert unresolved == tuple(f"T in own.py:5 calls {name}" for name in told)


def test_a_compiled_module_of_the_project_is_told_and_one_of_python_is_not(load):
    """One of Python's own is copied into the project: it was compiled, and nothing can be read there."""
    folder = Path(sysconfig.get_path("stdlib")) / "lib-dynload"
    found = next(folder.glob("xxlimited.*"), None)
    if found is None:
        pytest.skip("this Python has no module xxlimited in a file of its own")
    flow = "import math\nfrom . import xxlimited\n\ndef task(x: int) -> int:\n    return {body}\n"

    def place(package):
        shutil.copy(found, package)

    told = codes_of({"task": load({"flow": flow.format(body="xxlimited.foo(x, 1)")}, before=place)})["task"]
    plain = codes_of({"task": load({"flow": flow.format(body="math.floor(x)")}, before=place)})["task"]

    assert len(told.unresolved) == 1
    assert told.unresolved[0].endswith(f"xxlimited is compiled ({found.name})")
    assert plain.unresolved == ()


def test_nothing_is_told_of_plain_code(code):
    assert (code(PROJECT).unresolved, code(PROJECT).finds) == ((), ())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("sorted(Path(x).glob('*'))", ("helper in own.py:6 calls glob",)),
        (
            "[*Path(x).rglob('*'), *Path(x).iterdir()]",
            ("helper in own.py:6 calls iterdir", "helper in own.py:6 calls rglob"),
        ),
        ("os.listdir(x) + list(os.walk(x))", ("helper in own.py:6 calls listdir", "helper in own.py:6 calls walk")),
        ("glob(x)", ("helper in own.py:6 calls glob",)),
        ("[*Path(x).walk()]", ("helper in own.py:6 calls walk",)),
        ("ast.walk(x), open(x).read(), os.path.exists(x)", ()),
    ],
)  # fmt: skip
def test_where_files_are_looked_for_is_told(code, body, told):
    flow = USER.format(module="own", what="helper", call="helper")
    own = f"import ast, os\nfrom glob import glob\nfrom pathlib import Path\n\ndef helper(x):\n    return {body}\n"

    assert tuple(find.place for find in code({"own": own, "flow": flow}).finds) == told


def test_a_variable_of_an_enclosing_function_is_code(load):
    text = """
def make(n, helper):
    def task(x: int) -> int:
        return helper(x) + n
    return task

def twice(x):
    return 2 * x

def thrice(x):
    return 3 * x

tasks = {"one": make(1, twice), "two": make(2, twice), "three": make(1, thrice), "again": make(1, twice)}
"""
    codes = codes_of(load({"flow": text}, "tasks"))

    assert len({code.hash for code in codes.values()}) == 3
    assert codes["one"].hash == codes["again"].hash


def test_a_function_without_source_has_no_code():
    made = {}
    exec("def f(x: int) -> int: ...", made)

    assert codes_of({"f": made["f"]})["f"] == ("", "", {}, (), ())


def test_a_definition_that_is_nested_too_deeply_counts_as_it_is_written(code):
    flow = USER.format(module="own", what="helper", call="helper")
    deep = f"\ndef helper(x):\n    return {' + '.join(['x'] * 2500)}\n"

    found = code({"own": deep, "flow": flow})
    other = code({"own": deep.replace("x + x\n", "x - x\n"), "flow": flow})

    assert "" not in (found.hash, other.hash)
    assert found.hash != other.hash
    assert any("helper" in place and "nested too deeply" in place for place in found.unresolved)


def test_what_stands_beside_a_definition_that_is_nested_too_deeply_still_counts(code):
    flow = USER.format(module="own", what="helper", call="helper")
    deep = f"\ndef deep(x):\n    return {' + '.join(['x'] * 2500)}\n"
    own = deep + "\ndef one(x):\n    return x\n\ndef helper(x):\n    return deep(x) + one(x)\n"

    found = code({"own": own, "flow": flow})
    other = code({"own": own.replace("return x\n", "return x * 2\n"), "flow": flow})

    assert found.hash != other.hash


def test_reading_code_warns_of_nothing(code, recwarn):
    flow = USER.format(module="own", what="helper", call="helper")
    odd = "\ndef helper(x):\n    return '\\d'\n"

    with pytest.warns() as told:
        code({"own": odd, "flow": flow})
    assert len(told) == 1  # Python's own, when it imports the module


def test_cells_of_a_notebook_are_followed_from_one_to_the_next():
    def run_cells(session, factor):
        namespace = {"__name__": "__main__"}
        texts = [
            f"def helper(x):\n    return {factor} * x\n",
            "N = 2\n\ndef task(x: int) -> int:\n    return helper(x) + N\n",
        ]
        for number, text in enumerate(texts):
            file = f"/tmp/kernel_{session}/{number}.py"
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
            exec(compile(text, file, "exec"), namespace)
        return codes_of({"task": namespace["task"]})["task"]

    assert set(run_cells(1, 2).parts) == {"notebook:task", "notebook:N", "notebook:helper"}
    assert run_cells(2, 2) == run_cells(3, 2)
    assert run_cells(4, 2).hash != run_cells(5, 3).hash


@pytest.mark.skipif(sys.version_info < (3, 12), reason="types are named so since Python 3.12")
def test_the_name_of_a_type_is_followed(code):
    flow = USER.format(module="own", what="helper", call="helper")
    own = "\ntype Pair[T] = tuple[T, T]\n\ndef helper(x: Pair[int]):\n    return x\n"

    found = code({"own": own, "flow": flow})
    other = code({"own": own.replace("tuple[T, T]", "list[T]"), "flow": flow})
    assert found.hash != other.hash
    assert found.unresolved == ()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="generic functions are spelled so since Python 3.12")
def test_a_generic_function_takes_nothing_for_its_own_types(code):
    flow = USER.format(module="own", what="helper", call="helper")
    own = "\ndef helper[T](x: T) -> T:\n    return x\n\nclass Box[T]:\n    x: T\n"

    assert code({"own": own, "flow": flow}).unresolved == ()


def test_what_registers_itself_with_what_is_reached_counts(code):
    flow = USER.format(module="own", what="helper", call="helper")
    own = """
from functools import singledispatch

@singledispatch
def helper(x):
    return x

@helper.register
def _(x: int):
    return x + 1

@helper.register(float)
def of_float(x):
    return x + 2.0
"""

    texts = (own, own.replace("x + 1", "x"), own.replace("2.0", "3.0"))
    hashes = [code({"own": text, "flow": flow}).hash for text in texts]
    assert len(set(hashes)) == 3
    assert "" not in hashes


def test_other_tasks_of_a_flow_that_is_reached_do_not_count(code):
    flow = USER.format(module="own", what="helper", call="helper")
    flow += "\n@flow.job\ndef other(x: int) -> int:\n    return 1\n"

    plain = code({"own": "\ndef helper(x):\n    return x\n", "flow": flow})
    changed = code({"own": "\ndef helper(x):\n    return x\n", "flow": flow.replace("return 1", "return 2")})
    assert plain.hash == changed.hash


THEN = ["N = 3", "def helper(x):\n    return x", "def sum(x):\n    return 0", "SIZES['a'] = 2"]


@pytest.mark.parametrize("then", THEN)
def test_a_name_that_a_later_cell_gives_another_value_counts_as_it_is_now(cell, then):
    cell("N = 2\nSIZES = {'a': 1}\n\ndef helper(x):\n    return 2 * x\n")
    task = cell("def task(x: int) -> int:\n    return helper(sum([x])) + N + SIZES['a']\n")["task"]
    before = codes_of({"task": task})["task"]
    again = codes_of({"task": task})["task"]
    cell(then)

    now = codes_of({"task": task})["task"]
    assert before == again
    assert now.hash != before.hash
    assert now.unresolved == ()


def test_what_the_own_cell_of_a_task_says_gives_way_to_what_came_later(cell):
    task = cell("N = 2\n\ndef task(x: int) -> int:\n    return x + N\n")["task"]
    before = codes_of({"task": task})["task"]
    cell("N = 3")

    assert codes_of({"task": task})["task"].hash != before.hash


def test_it_makes_no_difference_which_cell_a_helper_stands_in(notebook):
    helper, task = "def helper(x):\n    return x\n", "def task(x: int) -> int:\n    return helper(x)\n"
    cell = notebook()
    cell(helper)
    apart = codes_of({"task": cell(task)["task"]})["task"]

    assert codes_of({"task": notebook()(helper + task)["task"]})["task"].hash == apart.hash


def test_a_value_of_a_cell_that_nobody_can_write_down_is_told(cell):
    task = cell("OPEN = object()\n\ndef task(x: int) -> int:\n    return x + hash(OPEN)\n")["task"]

    (told,) = codes_of({"task": task})["task"].unresolved
    assert "takes OPEN, a value of type object" in told


USED_UP = {
    "iter([1, 2])": True,
    "(n for n in (1, 2))": True,
    "map(str, [1, 2])": True,
    "count()": True,
    "[1, 2]": False,
    "range(3)": False,
    "list(iter([1, 2]))": False,
}


@pytest.mark.parametrize("value", USED_UP)
def test_check_says_where_a_task_takes_an_iterator(code, value):
    model = f"def count():\n    yield 1\n\nLEFT = {value}\n\ndef run(x):\n    return LEFT\n"
    flow = "from .model import run\n\ndef task(x: int) -> int:\n    return run(x)\n"
    told = "LEFT in model.py is an iterator, and nobody sees what is left of it"

    assert code({"model": model, "flow": flow}).unresolved == ((told,) if USED_UP[value] else ())
