"""The source of a task's function: where it and its parameters stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from reflow.define.signature import unwrapped

if TYPE_CHECKING:
    import ast

_TEXT_LIMIT = 72  #: characters of a line of source that are shown

_DEFINITIONS: dict[str, tuple[str | bytes, dict[tuple[str, int], ast.FunctionDef]]] = {}


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


def source_text(file: str, module: dict[str, Any]) -> str | bytes:
    """Return the text of a file; of a notebook's cell or a module in an archive too, which ``module`` leads to."""
    try:
        with open(file, "rb", buffering=0) as source:
            return source.readall()
    except OSError:
        import linecache

        return "".join(linecache.getlines(file, module))


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
    text = source_text(file, module)
    known = _DEFINITIONS.get(file)
    if known is None or known[0] != text:
        known = _DEFINITIONS[file] = (text, dict(_functions(text)))
    return known[1]


def _functions(text: str | bytes) -> Iterator[tuple[tuple[str, int], ast.FunctionDef]]:
    import ast

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a cell with magic commands
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield (node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)])), node
