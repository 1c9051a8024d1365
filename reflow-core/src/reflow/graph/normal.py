"""The normal form of a definition: what of its text is code."""

from __future__ import annotations

import ast
from itertools import groupby
from typing import Any

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_STATEMENTS = ("body", "orelse", "finalbody")
_BLOCKS = (*_STATEMENTS, "handlers", "cases")
_NO_CODE = frozenset(("ctx", "kind", "type_comment"))


def normalise(tree: ast.AST) -> None:
    """Take away, in place, what is no code: doing so twice changes nothing more.

    That is docstrings, reflow's own decorators, what ``Annotated`` adds to a type, the annotations of what is no
    parameter and no field of a class, and the order of methods. Comments and formatting are no part of a tree anyway.
    """
    if isinstance(tree, _FUNCTIONS):
        _bare_signature(tree)
    if isinstance(tree, (*_FUNCTIONS, ast.ClassDef)):
        _drop_docstring(tree)
    if isinstance(tree, ast.ClassDef):
        tree.body = _with_methods_in_order(tree.body)
    for block in _BLOCKS:
        if statements := getattr(tree, block, None):
            if not isinstance(tree, ast.ClassDef) and block in _STATEMENTS:
                setattr(tree, block, statements := _without_annotations(statements))
            for statement in statements:
                normalise(statement)
                if isinstance(statement, ast.AnnAssign):  # a field of a class
                    statement.annotation = _unquoted(statement.annotation)


def written(node: object) -> str:
    """Return a tree as the one text that stands for it, the same on any Python.

    `ast.unparse` quotes and parenthesises as its Python likes to; `ast.dump` names fields that others do not have.
    """
    kind = type(node)
    if kind is list:
        return f"[{','.join(map(written, node))}]"  # type: ignore[call-overload]  # what a list of a tree holds
    if not isinstance(node, ast.AST):
        return ascii(node)  # repr would show letters as far as its Python knows them
    said = node.__dict__
    if kind is ast.JoinedStr:  # Python 3.12 puts empty texts between its parts
        said = {"values": [part for part in said["values"] if getattr(part, "value", None) != ""]}
    fields = [
        f"{name}={written(value)}"
        for name in node._fields
        if (value := said.get(name)) is not None and value != [] and name not in _NO_CODE
    ]
    return f"{kind.__name__}({','.join(fields)})"


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the line that a function starts at, decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _bare_signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    node.lineno = first_line(node)  # it is still found by that
    node.decorator_list = [d for d in node.decorator_list if not _is_task_decorator(d)]
    arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = _bare(argument.annotation)
    node.returns = _bare(node.returns)


def _is_task_decorator(node: ast.expr) -> bool:
    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, ast.Attribute) and target.attr in ("job", "array_job")


def _bare(annotation: Any) -> Any:
    """Take ``Annotated[T, ...]`` as ``T``, since a help text is no change of code, and ``"T"`` as ``T``."""
    annotation = _unquoted(annotation)
    if isinstance(annotation, ast.Subscript) and _last_name(annotation.value) == "Annotated":
        return annotation.slice.elts[0] if isinstance(annotation.slice, ast.Tuple) else annotation.slice
    return annotation


def _unquoted(annotation: Any) -> Any:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


def _last_name(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _drop_docstring(node: Any) -> None:
    first = node.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:] or [ast.Pass()]


def _with_methods_in_order(body: list[ast.stmt]) -> list[ast.stmt]:
    """Sort methods that stand side by side; those with decorators may need one another, and stay."""
    found: list[ast.stmt] = []
    for is_plain, group in groupby(body, _is_plain_function):
        neighbours = list(group)
        found += sorted(neighbours, key=lambda s: str(getattr(s, "name", ""))) if is_plain else neighbours
    return found


def _is_plain_function(node: ast.stmt) -> bool:
    return isinstance(node, _FUNCTIONS) and not node.decorator_list


def _without_annotations(statements: list[ast.stmt]) -> list[ast.stmt]:
    plain = (without_annotation(statement) for statement in statements)
    return [statement for statement in plain if statement is not None] or [ast.Pass()]


def without_annotation(statement: ast.stmt) -> ast.stmt | None:
    """Return ``x = 1`` for ``x: int = 1``, None for ``x: int``, and any other statement as it is."""
    if not isinstance(statement, ast.AnnAssign):
        return statement
    if statement.value is None:
        return None
    return ast.copy_location(ast.Assign([statement.target], statement.value), statement)
