"""What of a definition's text is code, and what can be left out of its normal form."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeGuard

Function = ast.FunctionDef | ast.AsyncFunctionDef
Node = ast.stmt | ast.expr  #: of a definition: a statement, or a lambda

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

_MARKERS = frozenset(("Param", "Result", "RunDir"))  #: what reflow reads in ``Annotated``


def first_line(node: Node) -> int:
    """Return the line that a function starts at, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def task_maker(decorator: ast.expr) -> ast.Attribute | None:
    """Return ``wf.job`` of ``@wf.job`` and ``@wf.job(...)``; None for what does not look like that."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return target if isinstance(target, ast.Attribute) and target.attr in ("job", "array_job") else None


def no_task_makers(node: Function | ast.ClassDef) -> list[ast.expr]:
    """Return the decorators of a function but those that look as if they make it a task."""
    return [decorator for decorator in node.decorator_list if task_maker(decorator) is None]


def bare(annotation: ast.expr) -> ast.expr:
    """Take ``Annotated[T, Param(...)]`` as ``T``, since a help text is no change of code, and ``"T"`` as ``T``.

    What else stands in ``Annotated`` may be read by whoever looks at annotations: it is code.
    """
    annotation = unquoted(annotation)
    if isinstance(annotation, ast.Subscript) and is_annotated(annotation):
        plain = without_markers(annotation)
        return plain if plain is annotation else bare(plain)
    return _each_part(annotation, bare)


def unquoted(annotation: ast.expr) -> ast.expr:
    """Take ``"T"`` as ``T``, and ``list["T"]`` as ``list[T]``; what stands in ``Literal`` is a value."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return unquoted(ast.parse(annotation.value, mode="eval").body)
        except SyntaxError:
            return annotation
    if is_annotated(annotation) and isinstance(annotation.slice, ast.Tuple):
        behind = ast.Tuple([unquoted(_type_in(annotation)), *annotation.slice.elts[1:]], ast.Load())
        return ast.copy_location(ast.Subscript(annotation.value, behind, annotation.ctx), annotation)
    return _each_part(annotation, unquoted)


def without_markers(annotated: ast.Subscript) -> ast.expr:
    """Take ``Annotated[T, Param(...)]`` as ``T``, and leave in it what is not for reflow alone to read."""
    if not is_annotated(annotated) or not isinstance(annotated.slice, ast.Tuple):
        return annotated
    type_, *behind = annotated.slice.elts
    kept = [part for part in behind if _last_name(getattr(part, "func", part)) not in _MARKERS]
    if len(kept) == len(behind):
        return annotated
    if not kept:
        return type_
    parts = ast.Tuple([type_, *kept], ast.Load())
    return ast.copy_location(ast.Subscript(annotated.value, parts, annotated.ctx), annotated)


def is_annotated(node: ast.expr) -> TypeGuard[ast.Subscript]:
    """Whether it is ``Annotated[...]``."""
    return isinstance(node, ast.Subscript) and _last_name(node.value) == "Annotated"


def _type_in(annotated: ast.Subscript) -> ast.expr:
    return annotated.slice.elts[0] if isinstance(annotated.slice, ast.Tuple) else annotated.slice


def _each_part(annotation: ast.expr, change: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """Return an annotation with its types within changed; it is left as it is itself."""
    if isinstance(annotation, ast.Subscript) and _last_name(annotation.value) != "Literal":
        made: ast.expr = ast.Subscript(annotation.value, change(annotation.slice), annotation.ctx)
    elif isinstance(annotation, (ast.Tuple, ast.List)):
        made = type(annotation)([change(part) for part in annotation.elts], annotation.ctx)
    elif isinstance(annotation, ast.BinOp):
        made = ast.BinOp(change(annotation.left), annotation.op, change(annotation.right))
    else:
        return annotation
    return ast.copy_location(made, annotation)


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
    if ast.AnnAssign not in map(type, statements):
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


def _is_plain_function(node: ast.stmt) -> bool:
    return isinstance(node, FUNCTIONS) and not node.decorator_list


def _last_name(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))
