"""What other code made, made again: it is another result, whatever its size."""

from __future__ import annotations

import pytest

FLOW = """
from pathlib import Path
from typing import Annotated
from reflow import Param, Result, Workflow
wf = Workflow("made")
@wf.job
def make(out: Annotated[Path, Param(track="path")]) -> Path:
    (out / "made").write_text("{text}")
    return out / "made"
@wf.job
def use(made: Annotated[Path, Result("make")], mark: str = "") -> str:
    return mark + made.read_text()
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.fixture
def result(terminal):
    """Submit a flow whose first task writes a text, and return what the second one made of that."""

    def submit(text, *words):
        (terminal.folder / "made.py").write_text(FLOW.format(text=text))
        assert terminal.python("made.py", "submit", "-q", "--out", ".", *words).code == 0
        return terminal.python("made.py", "results", "use", "--json").json["use"]

    return submit


@pytest.mark.parametrize("how", ["touched", "deleted"])
def test_a_file_that_other_code_made_again_is_another_one_though_it_is_as_large(terminal, result, how):
    assert result("old") == "old"

    if how == "touched":
        (terminal.folder / "made").touch()
        assert result("new") == "new"
    else:
        (terminal.folder / "made").unlink()
        assert result("new", "--verify", "--mark", "x") == "xnew"
    assert result("new") == "new"


LATE = """
from reflow import Workflow
wf = Workflow("late", code="auto")
@wf.job
def task(x: int = 1) -> int:
    {imports}
    return f(x)
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


def submitted(terminal, executor):
    assert terminal.python("late.py", "submit", "-q", "--executor", executor).code == 0
    counts = terminal.python("late.py", "status", "--json").json["tasks"]["task"]["counts"]
    return terminal.python("late.py", "results", "task", "--json").json["task"], counts.get("reused", 0)


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_what_a_task_imports_when_it_runs_is_its_code(terminal, executor):
    (terminal.folder / "late.py").write_text(LATE.format(imports="from helper import f"))
    (terminal.folder / "other.py").write_text("N = 1\n")
    (terminal.folder / "helper.py").write_text("from other import N\n\ndef f(x):\n    return x + N\n")

    found = [submitted(terminal, executor), submitted(terminal, executor)]
    (terminal.folder / "other.py").write_text("N = 1000\n")
    found.append(submitted(terminal, executor))

    assert found == [(2, 0), (2, 1), (1001, 0)]
    assert "not reusable" not in terminal.python("late.py", "status").out
    assert terminal.python("late.py", "check", "-v").out == "late: 1 task, 1 parameter, all fits\n"


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_what_nobody_could_know_that_a_task_imports_is_told_and_its_result_is_not_reused(terminal, executor):
    by_name = "import importlib; f = importlib.import_module('hel' + 'per').f"
    (terminal.folder / "late.py").write_text(LATE.format(imports=by_name))
    found = []
    for number in ("1", "1000"):
        (terminal.folder / "helper.py").write_text(f"def f(x):\n    return x + {number}\n")
        found.append(submitted(terminal, executor))

    assert found == [(2, 0), (1001, 0)]
    told = terminal.python("late.py", "status").out
    assert "module 'helper' was not loaded when the run was submitted" in told
    assert "import it at the top of the file that needs it" in told
    assert (
        "what it made is not reusable: module 'helper' was not loaded"
        in terminal.python("late.py", "why", "task").out
    )


LOST = """
from reflow import Workflow
wf = Workflow("lost")
@wf.job
def task(x: int = 1) -> int:
    return x
if __name__ == "__main__":
    {before}
    raise SystemExit(wf.cli())
"""


def test_a_reused_result_is_told_whose_function_is_not_in_its_file_any_more(terminal):
    (terminal.folder / "lost.py").write_text(LOST.format(before="pass"))
    assert terminal.python("lost.py", "submit", "-q", "--executor", "inline").code == 0
    (terminal.folder / "lost.py").write_text(LOST.format(before="open(__file__, 'w').write('wf = None')"))

    told = terminal.python("lost.py", "submit", "--executor", "inline").err
    assert "task: reused, and nobody can tell whether by the same code" in told
