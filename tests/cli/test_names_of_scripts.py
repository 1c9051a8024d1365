"""A workflow runs from whatever file Python runs, and what it is told to type is what Python takes."""

from __future__ import annotations

import pytest

FLOW = """
from dataclasses import dataclass
from typing import Annotated
from reflow import Result, Workflow
wf = Workflow("named")
@dataclass
class Pair:
    one: int
@wf.job
def first() -> Pair:
    return Pair(1)
@wf.job
def second(pair: Annotated[Pair, Result(step="first")]) -> int:
    return pair.one
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""
SCRIPTS = [
    "with spaces.py",
    "1st.py",
    "flow.v2.py",
    ".hidden.py",
    "a-b.py",
    "no_ending",
    "class.py",
    "ünï.py",
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_workers_find_a_script_whatever_its_name_is(terminal, name):
    (terminal.folder / name).write_text(FLOW)

    told = terminal.python(name, "submit", "--executor", "local", "--workers", "1")

    assert told.code == 0, told.out
    assert terminal.python(name, "results", "second").out == "second  1\n"


def test_a_script_without_an_ending_is_copied_as_any_other(terminal):
    script = terminal.folder / "no_ending"
    script.write_text(FLOW)
    terminal.python("no_ending", "submit", "-q")
    script.write_text(FLOW.replace("return pair.one", "return pair.one + 1"))

    told = terminal.python("no_ending", "submit")

    assert "made by other code: second in no_ending" in told.err + told.out


def test_the_next_command_of_a_directory_that_is_run_names_the_directory(terminal):
    (terminal.folder / "project").mkdir()
    (terminal.folder / "project" / "__main__.py").write_text(FLOW)

    told = terminal.python("project", "submit", "--executor", "local", "--workers", "1")

    assert "next:  python project results named-" in told.out


POOL = """
import multiprocessing
from reflow import Workflow
wf = Workflow("named")
def square(x):
    return x * x
@wf.job
def squares() -> list[int]:
    with multiprocessing.get_context("{method}").Pool(1) as pool:
        return pool.map(square, [1, 2, 3])
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("name", ["flow.v2.py", "no_ending"])
def test_processes_that_a_task_starts_find_a_script_whatever_its_name_is(terminal, name, method):
    (terminal.folder / name).write_text(POOL.format(method=method) + "raise SystemExit(wf.cli())\n")

    told = terminal.python(name, "submit", "--executor", "local", "--workers", "1")

    assert told.code == 0, told.out
    assert terminal.python(name, "results", "squares").out == "squares  [1, 4, 9]\n"


def test_processes_that_a_task_starts_submit_nothing(terminal):
    (terminal.folder / "flow.py").write_text(POOL.format(method="spawn") + "wf.submit(wait=True)\n")

    told = terminal.python("flow.py")

    assert told.code == 0, told.err
    assert len(list((terminal.folder / "runs" / "named" / ".reflow").iterdir())) == 1


def test_what_was_typed_into_an_interpreter_is_told_to_go_on_with_reflow(terminal):
    (terminal.folder / "named.py").write_text(FLOW)

    told = terminal.python("-c", "import named; named.wf.cli(['submit', '--executor', 'inline'])")

    assert f"next:  reflow results {told.out.split()[0]}" in told.out
