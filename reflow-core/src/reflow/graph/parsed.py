"""One file of the project: its tree, and what binds each name of its module."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from types import FunctionType
from typing import Any, TypeAlias, TypeGuard

from reflow.graph.named import every_node, functions_in, qualified_name
from reflow.graph.normal import FUNCTIONS, Function, Node, first_line
from reflow.model.named_tuple import NamedTuple

IMPORTS = (ast.Import, ast.ImportFrom)

NAMED = (*FUNCTIONS, ast.ClassDef)
Named: TypeAlias = "Function | ast.ClassDef"

_QUIET = frozenset((*IMPORTS, ast.Pass))
_WITHIN = (b":=", b"match ")  #: where an expression or a pattern may bind a name
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class Binding(NamedTuple):
    """A statement that gives a module's name a value, and the one of the module's own level that it stands in."""

    leaf: ast.stmt
    top: ast.stmt


class Star(NamedTuple):
    """A ``from x import *``, and the statement of the module's own level that it stands in."""

    leaf: ast.ImportFrom
    top: ast.stmt


class Parsed:
    """One file: its tree, and what binds the names of its module.

    Attributes:
        bindings: The statements that bind a name, in their order.
        doing: Statements that may do more than give a name a value, each with that of the module's level.
        stars: Its ``from x import *``.
    """

    __slots__ = ("_functions", "_tree", "bindings", "doing", "stars", "text")

    def __init__(self, text: str | bytes) -> None:
        self.text = text
        self._tree = _tree(text)
        self._functions: dict[str, list[Node]] | None = None
        self.bindings: dict[str, list[Binding]] = {}
        self.stars: list[Star] = []
        self.doing: list[Binding] = []
        raw = text if isinstance(text, bytes) else text.encode()
        binds_within = any(word in raw for word in _WITHIN)
        for top in self._tree.body:
            self.doing += _doing(top)
            for name in _bound_within(top) if binds_within else ():
                self.bindings.setdefault(name, []).append(Binding(top, top))
            for name, leaf in _bound_by(top):
                if name == "*" and isinstance(leaf, ast.ImportFrom):
                    self.stars.append(Star(leaf, top))
                else:
                    self.bindings.setdefault(name, []).append(Binding(leaf, top))

    def text_of(self, node: Node) -> str:
        """Return a statement as it is written."""
        from importlib.util import decode_source  # seldom needed, and slow to import

        text = self.text if isinstance(self.text, str) else decode_source(self.text)
        return ast.get_source_segment(text, node) or ""

    def functions(self, function: FunctionType) -> list[Node]:
        """Return what a function, or a lambda, was made from; of several lambdas of one line, all.

        Where it stands no more, since the file was edited after it was loaded, those of its name count: workers run
        the file as it is.
        """
        code = function.__code__
        name, line = code.co_name, code.co_firstlineno
        for binding in self.bindings.get(name, ()):
            if _is_function_at(binding.leaf, name, line):
                return [binding.leaf]
        if self._functions is None:
            self._functions = functions_in(self._tree)
        named = self._functions.get(qualified_name(function), [])
        return (
            [node for node in named if first_line(node) == line]
            or named
            or [
                node
                for nodes in self._functions.values()
                for node in nodes
                if _is_function_at(node, name, line)
            ]
        )

    @property
    def statements(self) -> list[ast.stmt]:
        """The statements of the module, in their order."""
        return self._tree.body

    def is_given(self, name: str) -> bool | None:
        """Whether ``*`` gives a name of it to others; None where its ``__all__`` is no plain list."""
        bindings = self.bindings.get("__all__", ())
        if not bindings:
            return not name.startswith("_")
        listed = getattr(bindings[0].leaf, "value", None)
        texts = [getattr(item, "value", None) for item in getattr(listed, "elts", ())]
        is_plain_list = isinstance(listed, (ast.List, ast.Tuple)) and all(
            isinstance(one, str) for one in texts
        )
        raw = self.text if isinstance(self.text, bytes) else self.text.encode()
        return name in texts if is_plain_list and raw.count(b"__all__") == 1 else None

    def around(self, node: Node) -> ast.stmt | None:
        """Return the statement of the module that a function stands in, if that is not its own."""
        tops = (top for top in self._tree.body if top.lineno <= node.lineno <= (top.end_lineno or top.lineno))
        return next((top for top in tops if top is not node), None)


def is_plain(node: ast.stmt) -> bool:
    """Whether a statement gives a name a plain constant, is a text, or a function that takes nothing to be made."""
    if isinstance(node, ast.Assign):
        return (
            isinstance(node.value, ast.Constant)
            and isinstance(node.targets[-1], ast.Name)
            and len(node.targets) == 1
        )
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, FUNCTIONS):
        return not (node.decorator_list or node.args.defaults or node.args.kw_defaults)
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and (
            node.value is None or isinstance(node.value, ast.Constant)
        )
    return False


def is_for_types(node: ast.stmt) -> bool:
    """Whether it is ``if TYPE_CHECKING:``, which is never so where code runs."""
    test = node.test if isinstance(node, ast.If) else None
    return getattr(test, "attr", getattr(test, "id", "")) == "TYPE_CHECKING"


def parts_to_make(node: Named) -> list[ast.expr]:
    """Return what Python looks at to make a function or a class: decorators, default values, bases."""
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
    defaults = [*node.args.defaults, *node.args.kw_defaults]
    return [*node.decorator_list, *(value for value in defaults if value is not None)]


def _doing(top: ast.stmt) -> list[Binding]:
    found, waiting = [], [top]
    for node in waiting:
        if _may_do_more(node):
            found.append(Binding(node, top))
        if isinstance(node, ast.ClassDef):
            waiting += node.body
    return found


def _may_do_more(node: ast.stmt) -> bool:
    """Whether a statement may do more than give a name a value."""
    kind = type(node)
    if kind in _QUIET:
        return False
    if isinstance(node, NAMED):
        return any(type(part) is not ast.Constant for part in parts_to_make(node))
    return not is_plain(node)


def _tree(text: str | bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever imports the file has heard of its odd escapes
        try:
            return ast.parse(text)
        except (
            SyntaxError,
            ValueError,
            RecursionError,
        ):  # a cell with magic commands, a very deep expression
            return ast.Module([], [])


def _is_function_at(node: ast.AST, name: str, line: int) -> TypeGuard[Function]:
    return isinstance(node, FUNCTIONS) and node.name == name and line == first_line(node)


def _bound_by(node: Any) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the names that a statement of a module binds, those of the statements within it too."""
    if isinstance(node, NAMED):
        yield node.name, node
    elif isinstance(node, IMPORTS):
        for alias in node.names:
            yield alias.asname or _first(alias.name, node), node
    elif not isinstance(node, ast.Expr):
        for target in _targets(node):
            for part in [target] if isinstance(target, ast.Name) else ast.walk(target):
                if isinstance(part, ast.Name):
                    yield part.id, node
        for block in _BLOCKS:
            for inner in getattr(node, block, ()):
                yield from _bound_by(inner)


def _bound_within(top: ast.stmt) -> Iterator[str]:
    """Yield the names that expressions and patterns of a statement bind: ``(n := 1)``, ``case int() as n``."""
    for node in () if isinstance(top, NAMED) else every_node(top):
        if isinstance(node, ast.NamedExpr):
            yield node.target.id
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def _first(name: str, node: ast.stmt) -> str:
    return name.partition(".")[0] if isinstance(node, ast.Import) else name


def _targets(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return
    yield from getattr(node, "targets", ())
    if (target := getattr(node, "target", None)) is not None:
        yield target
    if isinstance(name := getattr(node, "name", None), ast.Name):  # type Pair = ..., since Python 3.12
        yield name
    for item in getattr(node, "items", ()):
        if item.optional_vars is not None:
            yield item.optional_vars
