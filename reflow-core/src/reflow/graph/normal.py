"""What of a definition's text is code, and what can be left out of its normal form."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import groupby

Function = ast.FunctionDef | ast.AsyncFunctionDef

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def first_line(node: Function) -> int:
    """Return the line that a function starts at, decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def own_decorators(node: Function) -> list[ast.expr]:
    """Return the decorators of a function but those that make it a task."""
    return [decorator for decorator in node.decorator_list if not _is_task_decorator(decorator)]


def bare(annotation: ast.expr) -> ast.expr:
    """Take ``Annotated[T, ...]`` as ``T``, since a help text is no change of code, and ``"T"`` as ``T``."""
    annotation = unquoted(annotation)
    if isinstance(annotation, ast.Subscript) and _last_name(annotation.value) == "Annotated":
        return annotation.slice.elts[0] if isinstance(annotation.slice, ast.Tuple) else annotation.slice
    return annotation


def unquoted(annotation: ast.expr) -> ast.expr:
    """Take ``"T"`` as ``T``."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a function or class but its docstring."""
    first = body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:] or [ast.Pass()]
    return body


def with_methods_in_order(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Sort methods that stand side by side; those with decorators may need one another, and stay."""
    found: list[ast.stmt] = []
    for is_plain, group in groupby(body, _is_plain_function):
        neighbours = list(group)
        found += sorted(neighbours, key=lambda s: str(getattr(s, "name", ""))) if is_plain else neighbours
    return found


def without_annotations(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return statements with plain assignments: annotations of variables are no code, but of a class's fields."""
    if not any(isinstance(statement, ast.AnnAssign) for statement in statements):
        return statements
    plain = (without_annotation(statement) for statement in statements)
    return [statement for statement in plain if statement is not None] or [ast.Pass()]


def without_annotation(statement: ast.stmt) -> ast.stmt | None:
    """Return ``x = 1`` for ``x: int = 1``, None for ``x: int``, and any other statement as it is."""
    if not isinstance(statement, ast.AnnAssign):
        return statement
    if statement.value is None:
        return None
    return ast.copy_location(ast.Assign([statement.target], statement.value), statement)


def _is_task_decorator(node: ast.expr) -> bool:
    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, ast.Attribute) and target.attr in ("job", "array_job")


def _is_plain_function(node: ast.stmt) -> bool:
    return isinstance(node, FUNCTIONS) and not node.decorator_list


def _last_name(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))
