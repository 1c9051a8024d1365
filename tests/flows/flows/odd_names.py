"""Tasks named like builtins and keywords."""

from __future__ import annotations

import builtins
from typing import Annotated

from reflow import Result, Workflow

wf = Workflow("odd-names")


@wf.job
def id() -> int:  # noqa: A001
    return 1


@wf.job
def print(value: Annotated[int, Result("id")]) -> str:  # noqa: A001
    builtins.print("said by a task that is called print")
    return f"printed {value}"


@wf.job
def input() -> int:  # noqa: A001
    return 3


@wf.job
def open(n: Annotated[int, Result("input")]) -> int:  # noqa: A001
    return n


@wf.job(name="class")
def keyword() -> str:
    return "a keyword"


@wf.job(name="None")
def nothing() -> str:
    return "None"


@wf.job(name="0")
def zero() -> str:
    return "a number"


@wf.job(name="a.b-c_d")
def dotted() -> str:
    return "dotted"


@wf.job(name="logs")
def command() -> str:
    return "a command"


@wf.job(name="failed")
def state() -> str:
    return "a state"


@wf.job(name="list")
def made() -> builtins.list[int]:
    return [1, 2]


@wf.array_job(name="str")
def each(n: Annotated[int, Result("list")]) -> int:
    return n


@wf.job
def sum(int: Annotated[builtins.list[int], Result("str")]) -> builtins.int:  # noqa: A001, A002
    return builtins.sum(int)


@wf.job
def type(  # noqa: A001
    class_: Annotated[str, Result("class")],
    none: Annotated[str, Result("None")],
    zero: Annotated[str, Result("0")],
    dotted: Annotated[str, Result("a.b-c_d")],
) -> str:
    return ", ".join((class_, none, zero, dotted))
