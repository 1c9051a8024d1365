"""What the walks through the code of several tasks share: modules and definitions, each read once."""

from __future__ import annotations

import ast
import os
from typing import Any

from reflow.graph.effects import Effects
from reflow.graph.free_names import Taken, chain_of
from reflow.graph.modules import Module, Modules
from reflow.graph.named import names_bound_in
from reflow.graph.normal import Node, task_maker
from reflow.graph.reading import Decorators, normal_form
from reflow.model.named_tuple import NamedTuple
from reflow.values.digests import digest


class Definition(NamedTuple):
    """A definition that was read.

    Attributes:
        hash: SHA-256 of its normal form, in hex; of its source, as it is written, where that could not be read.
        taken: What it takes from outside; nothing where it could not be read.
    """

    hash: str
    taken: Taken
    is_read: bool = True


class Library:
    """Modules, and definitions that were read."""

    def __init__(self) -> None:
        self.modules = Modules()
        self.effects = Effects(self.modules)
        self._read: dict[tuple[Node, bool], Definition] = {}
        self._bound: dict[ast.stmt, set[str]] = {}
        self._seen_from: dict[tuple[str, str], str] = {}

    def seen_from(self, home: Module, module: Module) -> str:
        """Return the file of a module as seen from the directory of another; all cells of a notebook are one."""
        if module.is_cell:
            return "notebook"
        folder, name = os.path.split(module.file)
        key = (folder, home.file)
        if key not in self._seen_from:
            start = os.getcwd() if home.is_cell else os.path.dirname(home.file)
            self._seen_from[key] = os.path.relpath(folder or ".", start or ".")
        near = self._seen_from[key]
        return name if near == "." else os.path.join(near, name)

    def definition(self, module: Module, node: Node, *, is_task: bool = False) -> Definition:
        """Return a definition, read.

        Args:
            is_task: Whether it is the task itself: what looks like a task's decorator is one.
        """
        known = self._read.get((node, is_task))
        if known is None:

            def decorators(of: Any) -> list[ast.expr]:
                return self.decorators(module, of, is_task=is_task and of is node)

            known = self._read[node, is_task] = _read(module, node, decorators)
        return known

    def decorators(self, module: Module, node: Any, *, is_task: bool = False) -> list[ast.expr]:
        """Return the decorators of a function that are code: all but those of reflow."""
        said: list[ast.expr] = getattr(node, "decorator_list", [])
        return [decorator for decorator in said if not _is_of_task(decorator, module, is_task)]

    def bound_in(self, statement: ast.stmt) -> set[str]:
        """Return all names that are bound anywhere in a statement."""
        if statement not in self._bound:
            self._bound[statement] = names_bound_in(statement)
        return self._bound[statement]


def _read(module: Module, node: Node, decorators: Decorators) -> Definition:
    try:
        text, taken = normal_form(node, decorators)
    except RecursionError:  # an expression of a thousand terms
        source = module.parsed.text_of(node)
        return Definition(digest("source", source).hex(), Taken((), {}, ()), is_read=False)
    return Definition(digest("source", text).hex(), taken)


def _is_of_task(decorator: ast.expr, module: Module, is_task: bool) -> bool:
    """Whether a decorator is ``job`` or ``array_job`` of reflow; one of the project's own is code."""
    maker = task_maker(decorator)
    if maker is None:
        return False
    root, *attributes = chain_of(maker) or ("",)
    if root not in module.namespace:  # a flow that is made or given in a function
        return is_task
    value = module.namespace[root]
    for attribute in attributes[:-1]:
        value = getattr(value, attribute, None)
    method = getattr(type(value), maker.attr, None)
    return str(getattr(method, "__module__", "")).partition(".")[0] == "reflow"
