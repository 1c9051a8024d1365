"""A workflow of any shape, made from a description: see `make`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple
from zlib import crc32

from noting import note

from reflow import Result, RunDir, Workflow

TYPES = {"int": int, "list": list[int], "lists": list[list[int]]}


class Take(NamedTuple):
    """A parameter: the number of the task that it takes from, what it wants, and whether it says broadcast."""

    source: int
    wants: str
    broadcast: bool = False


class Task(NamedTuple):
    """A task: whether it is an array, what it returns, what it takes, and whether it is reused."""

    array: bool
    returns: str
    takes: tuple[Take, ...] = ()
    cache: bool = True


def compute(number: int, returns: str, values: tuple[Any, ...], *, broken: bool) -> Any:
    """Return what a task makes of its inputs; while it is broken, one in seven fails."""
    found = crc32(repr((number, values)).encode())
    if broken and found % 7 == 0:
        raise ValueError(found)
    return found if returns == "int" else [found % 5, *range(found % 3)]


def call(number: int, values: tuple[Any, ...]) -> str:
    """Return what is noted of a call."""
    return f"t{number} {values!r}"


def make(tasks: list[Task], name: str = "any") -> Workflow:
    """Make a workflow, whose task *i* is called ``t<i>``; it is no global, so it travels by cloudpickle."""
    wf = Workflow(name)
    for number, task in enumerate(tasks):
        function = _function(number, task.returns, len(task.takes))
        function.__annotations__ = {"return": TYPES[task.returns], "run_dir": RunDir} | {
            f"x{i}": Annotated[TYPES[take.wants], Result(f"t{take.source}", broadcast=take.broadcast)]
            for i, take in enumerate(task.takes)
        }
        wf.job(array=task.array, name=f"t{number}", cache=task.cache)(function)
    return wf


def _function(number: int, returns: str, arity: int) -> Callable[..., Any]:
    def work(run_dir: Any, *values: Any) -> Any:
        note(run_dir, call(number, values))
        return compute(number, returns, values, broken=not (run_dir / "mended").exists())

    return (
        lambda run_dir: work(run_dir),
        lambda run_dir, x0: work(run_dir, x0),
        lambda run_dir, x0, x1: work(run_dir, x0, x1),
        lambda run_dir, x0, x1, x2: work(run_dir, x0, x1, x2),
    )[arity]
