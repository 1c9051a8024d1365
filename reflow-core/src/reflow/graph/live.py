"""Functions and classes as they are in this process: whose they are, what wraps them, and what they hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any, TypeGuard

from reflow.graph.modules import is_foreign


def is_of_cell(value: type) -> bool:
    """Whether a class was made in a notebook, or at a prompt."""
    return value.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")


def is_of_project(function: object) -> TypeGuard[FunctionType]:
    """Whether it is a function of the project."""
    if not isinstance(function, FunctionType):
        return False
    return not is_foreign(function.__globals__.get("__name__") or "", function.__code__.co_filename)


def wrappers_of(function: Any) -> Iterator[Any]:
    """Yield what `unwrapped` looks below, the outermost first."""
    while hasattr(function, "__wrapped__"):
        yield function
        function = function.__wrapped__


def defaults_of(function: Any) -> Iterator[tuple[str, object]]:
    """Yield the parameters of a function that have default values, with these."""
    given = function.__defaults__ or ()
    positional = function.__code__.co_varnames[: function.__code__.co_argcount]
    yield from zip(positional[len(positional) - len(given) :], given, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def cells_of(function: Any) -> dict[str, object]:
    """Return the variables of enclosing functions that a function takes; those not set yet are left out."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found
