"""A value carries the name of its class: where that has moved, or has other fields, its task runs again."""

from __future__ import annotations

import pytest

FLOW = """
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, NamedTuple
from reflow import Result, Workflow
wf = Workflow("moved")
@dataclass
class Size:
    width: int
class Point(NamedTuple):
    x: int = 2
class Colour(Enum):
    RED = 3
@wf.job()
def sizes() -> list[Size]:
    return [Size(1)]
@wf.job()
def point() -> Point:
    return Point()
@wf.job()
def colour() -> Colour | None:
    return Colour.RED
@wf.job()
def plain() -> int:
    return 4
@wf.array_job()
def use(
    size: Annotated[Size, Result(step="sizes")],
    point: Annotated[Point, Result(step="point")],
    colour: Annotated[Colour | None, Result(step="colour")],
    plain: Annotated[int, Result(step="plain")],
    k: int = 1,
) -> int:
    return k * (size.width + point.x + colour.value + plain)
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.fixture
def submit(terminal):
    """Submit a script, or a module, and return what the last task made and what was reused."""

    def submit(*argv):
        told = terminal.python(*argv[:-1], "submit", "-q", "--executor", "inline", *argv[-1])
        assert told.code == 0, told.err + terminal.python(*argv[:-1], "status").out
        tasks = terminal.python(*argv[:-1], "status", "--json").json["tasks"]
        (value,) = terminal.python(*argv[:-1], "results", "use", "--json").json["use"]
        return value, sorted(name for name, task in tasks.items() if task["counts"].get("reused"))

    return submit


def test_a_script_that_was_renamed_makes_anew_what_carries_its_name(terminal, submit):
    (terminal.folder / "one.py").write_text(FLOW)
    assert submit("one.py", []) == (10, [])
    (terminal.folder / "one.py").rename(terminal.folder / "two.py")

    assert submit("two.py", ["--k", "2"]) == (20, ["plain"])
    assert submit("two.py", ["--k", "3"]) == (30, ["colour", "plain", "point", "sizes"])


def test_a_module_that_is_run_as_a_script_makes_anew_what_carries_its_name(terminal, submit):
    (terminal.folder / "pkg").mkdir()
    (terminal.folder / "pkg" / "__init__.py").touch()
    (terminal.folder / "pkg" / "flow.py").write_text(FLOW)
    submit("-m", "pkg.flow", [])

    assert submit("pkg/flow.py", ["--k", "2"]) == (20, ["plain"])
    assert submit("-m", "pkg.flow", ["--k", "3"]) == (30, ["colour", "plain", "point", "sizes"])


def test_a_class_with_other_fields_is_made_anew_and_why_says_so(terminal, submit):
    script = terminal.folder / "one.py"
    script.write_text(FLOW)
    submit("one.py", [])
    script.write_text(FLOW.replace("width", "breadth"))

    assert submit("one.py", ["--k", "2"]) == (20, ["colour", "plain", "point"])
    said = terminal.python("one.py", "why", "sizes").out
    assert "one:Size(width: int)" in said
    assert "one:Size(breadth: int)" in said
