"""What a definition takes from outside: names of its module, imports of its own, and what nobody can follow."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

Chain = tuple[str, ...]  #: a name and the attributes behind it: ``("helpers", "clip")``


class Import(NamedTuple):
    """What a name is that was imported: a module, or a name of one.

    Attributes:
        module: As it is written, without leading dots.
        level: How many dots stand before it.
        name: The name that is taken from it, or empty for the module itself.
    """

    module: str
    level: int = 0
    name: str = ""


class Taken(NamedTuple):
    """What one definition takes from outside.

    Attributes:
        chains: Names that it does not bind itself, in sorted order.
        imports: What it imports itself, by the name it is given.
        opaque: Names of functions that it calls to reach what no reader can tell, each with its line.
        finders: The same of functions that find files.
    """

    chains: tuple[Chain, ...]
    imports: dict[str, Import]
    opaque: tuple[tuple[str, int], ...]
    finders: tuple[tuple[str, int], ...] = ()


def taken_by(definition: ast.AST) -> Taken:
    """Return what a definition, or any other statement of a module, takes from outside."""
    reader = _Reader()
    scope = _Scope()
    reader.visit(definition, scope)
    chains = sorted(chain for chain in scope.loads if chain[0] not in reader.generic)
    return Taken(tuple(chains), reader.imports, tuple(sorted(reader.opaque)), tuple(sorted(reader.finders)))


def imports_of(node: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    """Return what an import statement gives a name to; ``*`` is left out."""
    if isinstance(node, ast.ImportFrom):
        return {
            alias.asname or alias.name: Import(node.module or "", node.level, alias.name)
            for alias in node.names
            if alias.name != "*"
        }
    return {
        alias.asname or alias.name.partition(".")[0]: Import(
            alias.name if alias.asname else alias.name.partition(".")[0]
        )
        for alias in node.names
    }


def chain_of(node: ast.expr) -> Chain:
    """Return ``("a", "b")`` for ``a.b``; nothing for what does not start with a name."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else ()


class _Scope:
    """The names of one scope: those it loads, those it binds, those that it says are global."""

    __slots__ = ("bound", "declared", "loads")

    def __init__(self) -> None:
        self.loads: set[Chain] = set()
        self.bound: set[str] = set()
        self.declared: set[str] = set()

    def leave_to(self, outer: _Scope) -> None:
        """Give what is not bound here to the scope around."""
        hidden = self.bound - self.declared
        outer.loads |= {chain for chain in self.loads if chain[0] not in hidden}


class _Reader:
    """Reads one definition, scope by scope."""

    def __init__(self) -> None:
        self.imports: dict[str, Import] = {}
        self.opaque: set[tuple[str, int]] = set()
        self.finders: set[tuple[str, int]] = set()
        self.generic: set[str] = set()

    def visit(self, node: ast.AST, scope: _Scope) -> None:
        if (special := _VISITS.get(type(node))) is not None:
            special(self, node, scope)
        else:
            self.visit_children(node, scope)

    def visit_children(self, node: ast.AST, scope: _Scope) -> None:
        said = node.__dict__
        for name in node._fields:
            value = said.get(name)
            if type(value) is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item, scope)
            elif isinstance(value, ast.AST):
                self.visit(value, scope)

    def name(self, node: ast.Name, scope: _Scope) -> None:
        if isinstance(node.ctx, ast.Load):
            scope.loads.add((node.id,))
            if node.id in _OPAQUE:
                self.opaque.add((node.id, node.lineno))
        else:
            scope.bound.add(node.id)

    def attribute(self, node: ast.Attribute, scope: _Scope) -> None:
        chain = chain_of(node)
        if node.attr in _OPAQUE_ATTRIBUTES or chain == ("sys", "modules"):
            self.opaque.add((".".join(chain) or node.attr, node.lineno))
        if not chain:
            self.visit(node.value, scope)
            return
        scope.loads.add(chain)

    def call(self, node: ast.Call, scope: _Scope) -> None:
        """A ``getattr`` with the name written down is no riddle."""
        self._note_finder(node)
        is_plain = isinstance(node.func, ast.Name) and node.func.id in ("getattr", "setattr", "hasattr")
        if is_plain and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
            for argument in (*node.args, *node.keywords):
                self.visit(argument, scope)
        else:
            self.visit_children(node, scope)

    def _note_finder(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute):
            is_one = function.attr in _FINDERS or chain_of(function) == ("os", "walk")
            name = function.attr
        else:
            name = function.id if isinstance(function, ast.Name) else ""
            is_one = name in _FINDERS
        if is_one:
            self.finders.add((name, node.lineno))

    def function(self, node: Any, scope: _Scope) -> None:
        inner = _Scope()
        self._note_generic(node)
        if not isinstance(node, ast.Lambda):
            scope.bound.add(node.name)
            for outside in (*node.decorator_list, node.returns):
                self._visit_if_there(outside, scope)
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            inner.bound.add(argument.arg)
            self._visit_if_there(argument.annotation, scope)
        inner.bound.update(a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self._visit_if_there(default, scope)
        for part in [node.body] if isinstance(node, ast.Lambda) else node.body:
            self.visit(part, inner)
        inner.leave_to(scope)

    def class_body(self, node: ast.ClassDef, scope: _Scope) -> None:
        """Names that a class binds are seen in its own body, behind the place, and not in its methods."""
        scope.bound.add(node.name)
        self._note_generic(node)
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside, scope)
        bound: set[str] = set()
        for statement in node.body:
            inner = _Scope()
            self.visit(statement, inner)
            is_function = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))
            scope.loads |= {c for c in inner.loads if is_function or c[0] not in bound}
            bound |= inner.bound

    def comprehension(self, node: ast.AST, scope: _Scope) -> None:
        inner = _Scope()
        self.visit_children(node, inner)
        inner.leave_to(scope)

    def importing(self, node: ast.Import | ast.ImportFrom, scope: _Scope) -> None:
        self.imports.update(imports_of(node))

    def declaring(self, node: ast.Global, scope: _Scope) -> None:
        scope.declared.update(node.names)

    def binding(self, node: Any, scope: _Scope) -> None:
        """``except E as name``, and the names of a ``case``."""
        if name := getattr(node, "name", None) or getattr(node, "rest", None):
            scope.bound.add(name)
        self.visit_children(node, scope)

    def _note_generic(self, node: Any) -> None:
        """Note the ``T`` of ``def f[T](x: T)``, since Python 3.12."""
        self.generic.update(parameter.name for parameter in getattr(node, "type_params", ()))

    def _visit_if_there(self, node: ast.AST | None, scope: _Scope) -> None:
        if node is not None:
            self.visit(node, scope)


_OPAQUE = frozenset(
    ("exec", "eval", "compile", "getattr", "globals", "locals", "__import__", "import_module")
)  #: functions behind which anything can be
_OPAQUE_ATTRIBUTES = frozenset(("import_module", "__dict__", "__subclasses__"))  #: attributes like these
_FINDERS = frozenset(("glob", "iglob", "rglob", "iterdir", "listdir", "scandir"))
_VISITS: dict[type, Any] = {
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.attribute,
    ast.Call: _Reader.call,
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda), _Reader.function),
    ast.ClassDef: _Reader.class_body,
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), _Reader.comprehension),
    **dict.fromkeys((ast.Import, ast.ImportFrom), _Reader.importing),
    ast.Global: _Reader.declaring,
    **dict.fromkeys((ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping), _Reader.binding),
}
