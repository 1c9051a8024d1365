"""Functions of a file by their qualified names, such as ``make.<locals>.task``, and the names that are bound in one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from reflow.graph.normal import FUNCTIONS, Node

LAMBDA = "<lambda>"

_NAMED = (*FUNCTIONS, ast.ClassDef)

_INLINED = ("listcomp", "setcomp", "dictcomp", "genexpr")


def qualified_name(function: FunctionType) -> str:
    """Return the name under which a function was written; empty where what wraps it has taken another's name."""
    name = getattr(function.__code__, "co_qualname", "")  # since Python 3.11
    if not name and function.__qualname__.rpartition(".")[2] == function.__code__.co_name:
        name = function.__qualname__
    return same_name(name)


def same_name(qualified: str) -> str:
    """Return a qualified name as it is on any Python: comprehensions are scopes of their own on some alone."""
    for kind in _INLINED if "<" in qualified else ():
        qualified = qualified.replace(f"<{kind}>.<locals>.", "")
    return qualified


def functions_in(tree: ast.AST) -> dict[str, list[Node]]:
    """Return all functions and lambdas of a file by qualified name, those of one name in their order."""
    found: dict[str, list[Node]] = {}
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:  # an expression may be nested more deeply than functions can call themselves
        parent, prefix = waiting.pop()
        for node in ast.iter_child_nodes(parent):
            within = prefix
            if isinstance(node, (*FUNCTIONS, ast.Lambda)):
                name = prefix + getattr(node, "name", LAMBDA)
                found.setdefault(name, []).append(node)
                within = f"{name}.<locals>."
            elif isinstance(node, ast.ClassDef):
                within = f"{prefix}{node.name}."
            waiting.append((node, within))
    for nodes in found.values():
        nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return found


def every_node(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, in no order; `ast.walk` takes three times as long."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        said = node.__dict__
        for name in node._fields:
            value = said.get(name)
            if type(value) is list:
                waiting += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and name != "ctx":
                waiting.append(value)


def names_bound_in(statement: ast.stmt) -> set[str]:
    """Return all names that are bound anywhere in a statement."""
    found = set()
    node: Any
    for node in every_node(statement):
        kind = type(node)
        if kind is ast.Name:
            if type(node.ctx) is not ast.Load:
                found.add(node.id)
        elif kind is ast.arg:
            found.add(node.arg)
        elif kind is ast.alias:
            found.add(node.asname or node.name.partition(".")[0])
        elif kind in _NAMED and node is not statement:
            found.add(node.name)
    return found
