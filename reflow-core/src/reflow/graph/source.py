"""The source of a task's function: where its parameters stand, and its hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from reflow.define.signature import unwrapped

if TYPE_CHECKING:
    import ast

_TEXT_LIMIT = 72  #: characters of a line of source that are shown

_DEFINITIONS: dict[str, tuple[str | bytes, dict[tuple[str, int], ast.FunctionDef]]] = {}


def source_hash(function: Callable[..., Any]) -> str:
    """Return the hash of a function's own source, in hex; empty when there is no source.

    Comments, docstrings, formatting, what ``Annotated`` adds to a type, and reflow's own decorators do not count.
    """
    import ast

    from reflow.model.digest import digest

    found = _definition(function)
    if found is None:
        return ""
    node = ast.parse(ast.unparse(found)).body[0]  # another tree, that may be changed
    return digest("source", ast.unparse(_normalised(node))).hex()


def parameter_place(function: Callable[..., Any], name: str) -> tuple[int, str] | None:
    """Return the line of a parameter and what is written there, or None when there is no source."""
    found = _definition(function)
    if found is None:
        return None
    for argument in (*found.args.args, *found.args.kwonlyargs):
        if argument.arg == name:
            return argument.lineno, _one_line(argument)
    return None


def definition_line(function: Callable[..., Any]) -> int | None:
    """Return the line of ``def``, below the decorators, or None when there is no source."""
    found = _definition(function)
    return found.lineno if found else None


def _one_line(node: ast.AST) -> str:
    import ast

    text = ast.unparse(node)
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 3] + "..."


def _definition(function: Callable[..., Any]) -> ast.FunctionDef | None:
    code = unwrapped(function).__code__
    return _definitions(code.co_filename, unwrapped(function).__globals__).get(
        (code.co_name, code.co_firstlineno)
    )


def _definitions(file: str, module: dict[str, Any]) -> dict[tuple[str, int], ast.FunctionDef]:
    """All functions of a file, by name and first line (that of the first decorator); read once for each text."""
    text = _text(file, module)
    known = _DEFINITIONS.get(file)
    if known is None or known[0] != text:
        known = _DEFINITIONS[file] = (text, dict(_functions(text)))
    return known[1]


def _text(file: str, module: dict[str, Any]) -> str | bytes:
    try:
        with open(file, "rb") as source:
            return source.read()
    except OSError:  # a cell of a notebook, or a module in an archive
        import linecache

        return "".join(linecache.getlines(file, module))


def _functions(text: str | bytes) -> Iterator[tuple[tuple[str, int], ast.FunctionDef]]:
    import ast

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a cell with magic commands
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield (node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)])), node


def _normalised(tree: Any) -> Any:
    import ast

    tree.decorator_list = [d for d in tree.decorator_list if not _is_task_decorator(d)]
    for argument in (*tree.args.args, *tree.args.kwonlyargs):
        argument.annotation = _bare(argument.annotation)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            _drop_docstring(node)
    return tree


def _is_task_decorator(node: ast.expr) -> bool:
    import ast

    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, ast.Attribute) and target.attr in ("job", "array_job")


def _bare(annotation: Any) -> Any:
    """Take ``Annotated[T, ...]`` as ``T``: a help text is no change of code."""
    import ast

    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).endswith("Annotated"):
        return annotation.slice.elts[0] if isinstance(annotation.slice, ast.Tuple) else annotation.slice
    return annotation


def _drop_docstring(node: Any) -> None:
    import ast

    first = node.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:] or [ast.Pass()]
