"""What a value in a function is made of, as far as its names are assigned where it can be seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_TARGETS = ("target", "targets", "optional_vars")
_SOURCES = ("value", "iter", "context_expr")


def stems_of(function: ast.AST, value: ast.AST) -> frozenset[str]:
    """Return the parameters, of a function and of those inside it, that a value in it may be made of."""
    made_of: dict[str, set[str]] = {}
    for target, source in _assignments(function):
        for name in _names(target):
            made_of.setdefault(name, set()).update(_names(source))
    reached: set[str] = set()
    waiting = _names(value)
    while waiting:
        reached |= waiting
        waiting = {name for known in waiting for name in made_of.get(known, ())} - reached
    return frozenset(reached & {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)})


def _assignments(function: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield what is given a value, and that: by ``=`` and ``:=``, by ``for`` and ``with``."""
    for node in ast.walk(function):
        fields = node.__dict__
        source = next((fields[name] for name in _SOURCES if fields.get(name)), None)
        for name in _TARGETS:
            targets = fields.get(name) or []
            for target in targets if isinstance(targets, list) else [targets]:
                if isinstance(source, ast.AST):
                    yield target, source


def _names(node: ast.AST) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}
