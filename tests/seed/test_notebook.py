"""The notebook that users were shown, executed by Jupyter: its functions have no file, and travel all the same."""

from __future__ import annotations

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("cloudpickle")

pytestmark = pytest.mark.filterwarnings("ignore")  # of Jupyter's own


def cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.split("# %%\n") if cell.strip()]


def printed(cell) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def shown(cell, form: str = "text/plain") -> str:
    return "".join(
        output.data.get(form, "") for output in cell.outputs if output.output_type == "execute_result"
    )


@pytest.fixture
def execute(tmp_path):
    """Execute cells in a kernel of their own, and return them with what they printed."""

    def execute(sources):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        client = nbclient.NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute()
        return notebook.cells

    return execute


def test_the_notebook_runs_as_it_was_shown(execute, blocks, tmp_path):
    sources = cells((blocks / "notebook.py").read_text().replace("/scratch/run1", str(tmp_path / "run1")))
    more = ["print(run.wait(60))", "print(run.result('convert'))", "run"]

    done = execute([*sources, *more])

    status, _, _, retried, as_dict, state, result, card = done[-8:]
    assert "experiment-" in printed(status)
    assert "prepare" in printed(status)
    assert "retr" in printed(retried)
    assert "'workflow': 'experiment'" in shown(as_dict)
    assert "'convert': {" in shown(as_dict)
    assert printed(state) == "succeeded\n"
    assert printed(result) == "['a.nc.zarr', 'b.nc.zarr']\n"
    assert "<table" in shown(card, "text/html")
    assert "experiment" in shown(card, "text/html")


def test_a_cell_that_does_not_fit_says_so_at_once(execute):
    define = (
        "from typing import Annotated\n"
        "from reflow import Workflow, Result\n"
        "wf = Workflow('typed')\n"
        "@wf.job()\n"
        "def prepare() -> list[int]: return [1]\n"
    )
    wrong = "@wf.array_job()\ndef convert(name: Annotated[str, Result(step='prepare')]) -> str: return name\n"

    with pytest.raises(nbclient.exceptions.CellExecutionError) as refused:
        execute([define, wrong])

    assert "convert.name wants str, but prepare returns list[int]" in str(refused.value)


TANK = """
class Tank:
    class Lid:
        n = 0
    @property
    def level(self): return self._level
    @level.setter
    def level(self, n): self._level = n
"""
WRAPPED = """
def adding(function, more):
    @wraps(function)
    def added(n): return function(n) + more
    return added
wrapped = adding(nothing, 0)
"""
BEGIN = (
    """
import importlib, sys
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Annotated
from reflow import Param, Workflow
sys.path.insert(0, ".")
Path("hm.py").write_text("def g(n):\\n    return n\\n")
import hm
wf = Workflow("again", code="auto")
OFF = 0
def helper(n): return n
class Box:
    more = 0
    def __init__(self, n): self.n = n
    def area(self): return self.n
@dataclass
class Size:
    n: int = 0
@dataclass
class Sizes:
    of: list = field(default_factory=lambda: [0])
nothing = lambda n: 0
"""
    + TANK
    + WRAPPED
)
TASKS = """
OWN = 0
@wf.job()
def total(n: int) -> int:
    tank = Tank()
    tank.level = OFF
    return (
        hm.g(n) + OWN + helper(n) + Box(n).area() + Box.more + Size().n
        + sum(Sizes().of) + tank.level + Tank.Lid.n + nothing(n) + wrapped(n)
    )
"""
SUBMIT = """
run = wf.submit("runs", store="store.db", n=1, wait=True)
print(run.result("total"), run.status(as_dict=True)["tasks"]["total"]["counts"])
"""
CHANGES = {
    "a constant": ("OFF = 10", 13),
    "a constant of the task's own cell": ("OWN = 10", 13),
    "a function": ("def helper(n): return n + 10", 13),
    "a method": (
        "class Box:\n    more = 0\n    def __init__(self, n): self.n = n\n    def area(self): return self.n + 10",
        13,
    ),
    "what a class holds": ("Box.more = 10", 13),
    "the default of a field": ("@dataclass\nclass Size:\n    n: int = 10", 13),
    "what makes the default of a field": (
        "@dataclass\nclass Sizes:\n    of: list = field(default_factory=lambda: [10])",
        13,
    ),
    "what sets a property": (TANK.replace("_level = n", "_level = n + 10"), 13),
    "a class within a class": (TANK.replace("n = 0", "n = 10"), 13),
    "a lambda": ("nothing = lambda n: 10", 13),
    "a wrapper": (WRAPPED.replace("+ more", "+ more + 10"), 13),
    "what a wrapper was given": ("wrapped = adding(nothing, 10)", 13),
    "what a wrapper is around": ("wrapped = adding(lambda n: 10, 0)", 13),
    "a module": (
        "Path('hm.py').write_text('def g(n):\\n    return n + 10\\n'); importlib.reload(hm)",
        13,
    ),
}


def test_a_task_whose_cell_was_changed_runs_again_and_is_called_the_same_task(execute):
    begin = "from reflow import Workflow\nwf = Workflow('cells')\n"
    task = "@wf.job()\ndef total(n: int = 1) -> int: return n{more}\n"
    submit = "run = wf.submit('runs', store='store.db', wait=True)\n"
    submit += "print(run.result('total'), run.status(as_dict=True)['messages'])"

    *_, told = execute([begin, task.format(more=""), submit, task.format(more=" + 1"), submit])
    said = "total: results that another cell or session made by other code were not reused"
    assert printed(told) == f"2 ['{said}']\n{said}\n"  # on stderr too, where it is seen


def test_what_is_changed_between_two_runs_of_a_notebook_is_noticed(execute):
    """Each change is undone after its run: what was made before is reused then, and nothing else is."""
    undone = BEGIN.partition("OFF = 0")[2]
    undo = f"OFF = OWN = 0\n{undone}\nPath('hm.py').write_text('def g(n):\\n    return n\\n'); importlib.reload(hm)"
    told = [printed(cell) for cell in execute(
        [BEGIN, TASKS, SUBMIT, *(text for change, _ in CHANGES.values() for text in (change, SUBMIT, undo, SUBMIT))]
    )]  # fmt: skip
    runs = told[2::2]

    assert runs[0] == "3 {'succeeded': 1}\n"
    assert dict(zip(CHANGES, runs[1::2], strict=True)) == {
        change: f"{value} {{'succeeded': 1}}\n" for change, (_, value) in CHANGES.items()
    }
    assert set(runs[2::2]) == {"3 {'reused': 1}\n"}
