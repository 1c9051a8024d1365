"""The modules of the project: their text, parsed once, and what binds each of their names."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Collection, Iterator
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeGuard

from reflow.define.signature import unwrapped
from reflow.filesystem.project import STDLIB, is_project_file
from reflow.graph.free_names import chain_of, imports_of
from reflow.graph.named import functions_in, qualified_name
from reflow.graph.normal import FUNCTIONS, Function, Node, first_line
from reflow.graph.source import source_text
from reflow.graph.unloaded import absolute, find_unloaded
from reflow.values.names import main_name

IMPORTS = (ast.Import, ast.ImportFrom)

_QUIET = frozenset((*FUNCTIONS, *IMPORTS, ast.Pass))
_NAMED = (*FUNCTIONS, ast.ClassDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")

_FEW = 10
_ODD = (
    b"import\t",
    b"import  ",
    b"from\t",
    b"from  ",
    b"\\\n",
    b"\\\r",
)  #: ways to write an import that few use

_PARSED: dict[str, Parsed] = {}


class Binding(NamedTuple):
    """A statement that gives a module's name a value, and the one of the module's own level that it stands in."""

    leaf: ast.stmt
    top: ast.stmt


class Parsed:
    """One file: its tree, and what binds the names of its module.

    Attributes:
        bindings: The statements that bind a name, in their order.
        doing: Statements that may do more than give a name a value, each with that of the module's level.
        registered: Functions and classes by the name that they give themselves to, as by ``@area.register``.
        stars: Its ``from x import *``.
    """

    __slots__ = ("_functions", "_tree", "bindings", "doing", "registered", "stars", "text")

    def __init__(self, text: str | bytes) -> None:
        self.text = text
        self._tree = _tree(text)
        self._functions: dict[str, list[Node]] | None = None
        self.bindings: dict[str, list[Binding]] = {}
        self.registered: dict[str, list[str]] = {}
        self.stars: list[ast.ImportFrom] = []
        self.doing: list[Binding] = []
        for top in self._tree.body:
            if type(top) not in _QUIET:
                self.doing += _doing(top)
            for name, leaf in _bound_by(top):
                if name == "*" and isinstance(leaf, ast.ImportFrom):
                    self.stars.append(leaf)
                else:
                    self.bindings.setdefault(name, []).append(Binding(leaf, top))
                    for root in _given_to(leaf):
                        self.registered.setdefault(root, []).append(name)

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

    def around(self, node: Node) -> ast.stmt | None:
        """Return the statement of the module that a function stands in, if that is not its own."""
        tops = (top for top in self._tree.body if top.lineno <= node.lineno <= (top.end_lineno or top.lineno))
        return next((top for top in tops if top is not node), None)


class Module:
    """One file of the project, with the names that it sees.

    Attributes:
        name: What it could be imported as, also when it runs as ``__main__``.
        package: What its relative imports start from.
        namespace: Its globals as they are now.
    """

    def __init__(self, file: str, namespace: dict[str, Any]) -> None:
        name = str(namespace.get("__name__", ""))
        self.file = file
        self.name = main_name() if name == "__main__" else name
        self.package = str(namespace.get("__package__") or "")
        self.namespace = namespace
        self._text = source_text(file, namespace)

    @cached_property
    def parsed(self) -> Parsed:
        """Its text, parsed once in a process as long as it stays the same."""
        known = _PARSED.get(self.file)
        if known is None or known.text != self._text:
            known = _PARSED[self.file] = Parsed(self._text)
        return known

    def may_import(self, tops: Collection[str]) -> bool:
        """Whether it may import a package or module of these names; a look at its text is faster than to parse it."""
        text = self._text if isinstance(self._text, bytes) else self._text.encode()
        if self.package and text.count(b"from .") > text.count(b'"from .') + text.count(b"'from ."):
            return True
        return any(odd in text for odd in _ODD) or any(
            word + top.encode() in text for top in tops for word in (b"import ", b"from ", b", ", b",")
        )

    def absolute(self, name: str, level: int) -> str:
        """Return the name of a module that this one imports.

        Args:
            level: How many dots stand before it.
        """
        return absolute(self.package, name, level)

    @property
    def is_cell(self) -> bool:
        """Whether it is a cell of a notebook, or what was typed at a prompt."""
        return "__file__" not in self.namespace


class Modules:
    """The modules of the project, each looked at once."""

    def __init__(self) -> None:
        self._modules: dict[str, Module] = {}
        self._named: dict[str, Module | None] = {}

    def named(self, name: str) -> Module | None:
        """Return a module of the project, also one that is not loaded yet; None for any other.

        None too for one that is compiled, or not there.
        """
        if name not in self._named:
            self._named[name] = self._look_up(name)
        return self._named[name]

    def _look_up(self, name: str) -> Module | None:
        module = sys.modules.get(name)
        if module is None:
            found = find_unloaded(name)
            if found is None or found.file is None or not found.file.endswith(".py"):
                return None
            said = {"__name__": name, "__file__": found.file, "__package__": found.package}
            return self._of(found.file, said)
        file = getattr(module, "__file__", None)
        if (
            not file
            or not file.endswith(".py")
            or is_foreign(name, file)
            or not isinstance(module, ModuleType)
        ):
            return None
        return self._of(file, module.__dict__)

    def below(self, name: str, attribute: str) -> str:
        """Return the name of the module that an attribute of another one is, empty when it is none.

        A package that says ``from . import config`` gives that name to the module itself.
        """
        module = self.named(name)
        found = f"{name}.{attribute}"
        for leaf, _ in module.parsed.bindings.get(attribute, ()) if module is not None else ():
            if not isinstance(leaf, IMPORTS):
                return ""
            target = imports_of(leaf)[attribute]
            if (
                target.name != attribute
                or module is None
                or module.absolute(target.module, target.level) != name
            ):
                return ""
        return found if found in sys.modules or find_unloaded(found) is not None else ""

    def importing(self) -> list[Module]:
        """Return the loaded modules of the project that may import others of it."""
        found: dict[Module, str] = {}
        for name, loaded in list(sys.modules.items()):
            if not (file := _file_of(loaded)) or file.startswith(STDLIB):
                continue
            if (module := self.named(name)) is not None:
                found[module] = module.name.partition(".")[0]
        tops = set(found.values())
        if len(tops) > _FEW:  # modules side by side, most of which import one another
            return list(found)
        return [
            module
            for module, own in found.items()
            if module.may_import(tops - {own} if own == module.name else tops)
        ]

    def of_function(self, function: Any) -> Module:
        """Return the module that a function stands in; for one of a notebook, its cell."""
        plain = unwrapped(function)
        return self._of(plain.__code__.co_filename, plain.__globals__)

    def _of(self, file: str, namespace: dict[str, Any]) -> Module:
        module = self._modules.get(file)
        if module is None:
            module = self._modules[file] = Module(file, namespace)
        return module


def is_foreign(name: str, file: str) -> bool:
    """Whether a module is none of the project: of Python, installed, or of reflow itself."""
    return name.partition(".")[0] == "reflow" or not is_project_file(file)


def _file_of(loaded: object) -> str:
    """Return the file of a module; anything may stand among those that are loaded, and answer as it likes."""
    file = loaded.__dict__.get("__file__") if isinstance(loaded, ModuleType) else None
    return file if isinstance(file, str) else ""


def _doing(top: ast.stmt) -> list[Binding]:
    if isinstance(top, ast.ClassDef):
        return [Binding(node, top) for node in top.body if type(node) not in _QUIET and not is_plain(node)]
    return [] if is_plain(top) else [Binding(top, top)]


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


def _given_to(node: ast.stmt) -> Iterator[str]:
    """Yield ``area`` for what is decorated by ``@area.register`` or ``@area.register(int)``."""
    for decorator in getattr(node, "decorator_list", ()):
        chain = chain_of(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if len(chain) > 1:
            yield chain[0]


def _is_function_at(node: ast.AST, name: str, line: int) -> TypeGuard[Function]:
    return isinstance(node, FUNCTIONS) and node.name == name and line == first_line(node)


def _bound_by(node: Any) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the names that a statement of a module binds, those of the statements within it too."""
    if isinstance(node, _NAMED):
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
