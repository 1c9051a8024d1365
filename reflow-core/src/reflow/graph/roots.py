"""Which names an expression is a part of, or may hold: ``T`` for ``T[0].x``, ``T`` and ``U`` for ``(T, dict(a=U))``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reflow.graph.free_names import Chain, chain_of
from reflow.graph.named import every_node
from reflow.graph.verbs import HOLDING, IMPORTING, NAMESPACES

CALLED = "()"  #: stands behind a name for what that returns

OWN_MODULE = ("globals", CALLED)  #: stands for the module that a body is of, with all that it has


def given_a_name(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what gets a name in a statement, as the name and what it is then another name of."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def origins_of(leaf: ast.stmt, name: str) -> Iterator[Chain]:
    """Yield the names of which a statement makes a name another one, or a part: ``T`` for ``row = T[0]``."""
    for node in (leaf, *getattr(leaf, "items", ())):
        for target, value in given_a_name(node):
            is_named = any(isinstance(part, ast.Name) and part.id == name for part in every_node(target))
            if is_named:
                yield from roots_of(value)


def of_origin(origin: Chain, chain: Chain) -> Chain:
    """Return what a name with attributes stands for once it is known where the name comes from.

    That is what it is a part of; of what is made by a call, the attribute is told apart.
    """
    return (*origin, *chain[1:]) if origin[-1] == CALLED else origin


def roots_of(node: ast.expr) -> list[Chain]:
    """Return the names that an expression is a part of, or may hold: ``T`` and ``U`` for ``(T, dict(a=U[0]))``."""
    if isinstance(node, ast.Call) and (node.args or node.keywords) and last_name(node.func) in HOLDING:
        parts: list[ast.expr | None] = [*node.args, *(keyword.value for keyword in node.keywords)]
        parts += [node.func.value] if isinstance(node.func, ast.Attribute) else []
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        parts = [*node.elts]
    elif isinstance(node, (ast.BoolOp, ast.Dict)):
        parts = [*node.values]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    else:
        return [chain] if (chain := root_of(node)) else []
    return [chain for part in parts if part is not None for chain in roots_of(part)]


def root_of(node: ast.expr) -> Chain:
    """Return the name, with attributes, that an expression is a part of: ``T`` for ``T[0].x`` and ``T.get(k)``.

    Of ``table()[0]`` that is what ``table`` returns.
    """
    while not (chain := chain_of(node)):
        if isinstance(node, ast.Subscript) and _is_own_module(node):
            return OWN_MODULE
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.NamedExpr)):
            node = node.value
        elif not isinstance(node, ast.Call):
            return ()
        elif last_name(node.func) in IMPORTING:
            return (*chain_of(node.func), CALLED)
        elif isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            return _root_of_called(node.func.id, node.args) if isinstance(node.func, ast.Name) else ()
    return chain


def _root_of_called(name: str, arguments: list[ast.expr]) -> Chain:
    """Return the name that what a function returns is a part of."""
    if name in NAMESPACES and not arguments:
        return OWN_MODULE
    if name == "type" and len(arguments) == 1:
        return (*root_of(arguments[0]), "__class__")
    if name == "vars":
        return (*root_of(arguments[0]), "__dict__")
    if name == "getattr" and len(arguments) > 1 and (chain := root_of(arguments[0])):
        attribute = arguments[1]
        return (*chain, str(attribute.value)) if isinstance(attribute, ast.Constant) else chain
    return (name, CALLED)


def _is_own_module(node: ast.Subscript) -> bool:
    """Whether it is ``sys.modules[__name__]``."""
    return chain_of(node.slice) == ("__name__",) and chain_of(node.value)[-1:] == ("modules",)


def names_in_arguments(call: ast.Call) -> list[Chain]:
    """Return the names, with attributes, that stand in what a call is given, however deep."""
    found: list[Chain] = []
    waiting: list[ast.AST] = [*call.args, *(keyword.value for keyword in call.keywords)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Name, ast.Attribute)) and (chain := chain_of(node)):
            found.append(chain)
        elif isinstance(node, ast.Call) and root_of(node) == OWN_MODULE:
            found.append(OWN_MODULE)
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def last_name(node: ast.expr) -> str:
    """Return the name that an expression ends with: ``c`` for ``a.b.c``; empty where it is no name."""
    return str(getattr(node, "attr", getattr(node, "id", "")))
