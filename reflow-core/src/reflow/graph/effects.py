"""What modules change while they are loaded: ``TABLE.append(x)``, ``config.RES = 1``, ``setup()``.

A statement that changes a global, of its own module or of another, counts with that global. What a call changes is told
from what it is given, and from what the functions of the project that it calls say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

from reflow.graph.free_names import Chain, Import, chain_of, imports_of
from reflow.graph.modules import IMPORTS, Module, Modules
from reflow.graph.named import every_node
from reflow.graph.normal import FUNCTIONS

EVERY = "*"  #: stands for all globals of a module

_Key = tuple[str, str]  # the file of a module, and a name of it

_MAKING = ("__init__", "__new__", "__post_init__")
_SETTING = ("setattr", "delattr")
_TAKING = frozenset(
    (
        "setattr",
        "delattr",
        "pop",
        "popitem",
        "popleft",
        "setdefault",
        "next",
        "heappop",
        "heappushpop",
        "heapreplace",
    )
)  #: what changes a thing though its result is used
_PUTTING = frozenset(
    ("append", "appendleft", "extend", "insert", "add", "update")
)  #: these keep what they are given
_HARMLESS = ("print",)


class Change(NamedTuple):
    """A statement of a module that changes a global, maybe of another one."""

    module: Module
    statement: ast.stmt


class _Changes(NamedTuple):
    """What a function changes.

    Attributes:
        names: Globals.
        given: Whether something that it is given may be changed too.
    """

    names: frozenset[_Key] = frozenset()
    given: bool = False


class Effects:
    """All that the loaded modules of the project change while they are loaded."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._functions: dict[ast.AST, _Changes] = {}
        self._changes: dict[_Key, list[Change]] = {}
        self._seen: set[Module] = set()
        for module in modules.importing():
            self._see(module)

    def on(self, module: Module, name: str) -> tuple[Change, ...]:
        """Return the statements that change a global, those of one module in their order."""
        if module not in self._seen:  # it imports no others, or is not loaded yet
            self._see(module)
        if not self._changes:
            return ()
        found = [*self._changes.get((module.file, name), ()), *self._changes.get((module.file, EVERY), ())]
        if len(found) > 1:
            found.sort(key=lambda change: (change.module.name, change.statement.lineno))
        return tuple(dict.fromkeys(found)) if found else ()

    def _see(self, module: Module) -> None:
        self._seen.add(module)
        for node, statement in module.parsed.doing:
            for key in self._changed_by(module, node).names:
                self._changes.setdefault(key, []).append(Change(module, statement))

    def _of_function(self, module: Module, node: ast.stmt) -> _Changes:
        """Return what a call changes: of a function, of a class, or of what a statement has made of others."""
        if node not in self._functions:
            self._functions[node] = _Changes()  # of one that calls itself
            if isinstance(node, ast.ClassDef):
                methods = [m for m in node.body if isinstance(m, FUNCTIONS) and m.name in _MAKING]
                made = [self._changed_by(module, method, is_method=True) for method in methods]
                names: frozenset[_Key] = frozenset().union(*(changes.names for changes in made))
                self._functions[node] = _Changes(names, any(changes.given for changes in made))
            else:
                self._functions[node] = self._changed_by(module, node, is_called=True)
        return self._functions[node]

    def _changed_by(
        self, module: Module, node: ast.AST, *, is_method: bool = False, is_called: bool = False
    ) -> _Changes:
        body = _Body(node, is_method=is_method)
        chains = list(body.changed)
        names: set[_Key] = set()
        if is_called and not isinstance(node, FUNCTIONS):  # run = partial(fill, TABLE)
            chains += body.names
            called = body.names
        else:
            called = [chain_of(call.func) for call in body.calls]
        for call in body.unused:
            if not _is_of_reflow(module, root_of(call.func)):
                chains += _changed_in_call(call)
        for chain in called:
            for other, function in self._called(module, body, chain):
                changes = self._of_function(other, function)
                names |= changes.names
                if changes.given:
                    calls = (call for call in body.calls if chain_of(call.func) == chain)
                    chains += [given for call in calls for given in _names_in_arguments(call)]
        beyond = body.beyond(chains)
        for chain in beyond:
            if chain[0] not in body.parameters:
                names |= {(other.file, name) for other, name in self._globals(module, body, chain)}
        return _Changes(frozenset(names), any(chain[0] in body.parameters for chain in beyond))

    def _called(self, module: Module, body: _Body, chain: Chain) -> Iterator[tuple[Module, ast.stmt]]:
        """Yield what a call may call: functions and classes of the project, and statements that make such."""
        if not chain or (chain[0] in body.local and chain[0] not in body.imports):
            return
        for other, name in self._globals(module, body, chain):
            for leaf, _ in other.parsed.bindings.get(name, ()):
                if name == chain[-1] or isinstance(leaf, ast.ClassDef):
                    yield other, leaf

    def _globals(self, module: Module, body: _Body, chain: Chain) -> Iterator[tuple[Module, str]]:
        """Yield the globals of the project that a name stands for, each with its module."""
        if chain[0] in body.imports:
            yield from self._imported(module, body.imports[chain[0]], chain[1:], set())
        elif not _is_of_reflow(module, chain):
            yield from self._named(module, chain, set())

    def _named(self, module: Module, chain: Chain, seen: set[_Key]) -> Iterator[tuple[Module, str]]:
        key = (module.file, chain[0])
        if key in seen:
            return
        seen.add(key)
        for leaf, _ in module.parsed.bindings.get(chain[0], ()):
            if isinstance(leaf, IMPORTS):
                yield from self._imported(module, imports_of(leaf)[chain[0]], chain[1:], seen)
                continue
            yield module, chain[0]
            for origin in _origins(leaf, chain[0]):
                yield from self._named(module, origin, seen)
        for star in module.parsed.stars:
            other = self._modules.named(module.absolute(star.module or "", star.level))
            if other is not None:
                yield from self._named(other, chain, seen)

    def _imported(
        self, module: Module, target: Import, rest: Chain, seen: set[_Key]
    ) -> Iterator[tuple[Module, str]]:
        name = module.absolute(target.module, target.level)
        attributes = (target.name, *rest) if target.name else rest
        while attributes and (below := self._modules.below(name, attributes[0])):
            name, attributes = below, attributes[1:]
        other = self._modules.named(name)
        if other is None:
            return
        if attributes:
            yield from self._named(other, attributes, seen)
        else:
            yield other, EVERY


class _Body:
    """What the statements of a function, or one of a module, say that they change.

    Attributes:
        changed: Names, with attributes behind them, that are given an item or an attribute.
        unused: Calls whose result nobody uses, or that take something away.
        calls: All calls.
        names: All names that are looked up.
        parameters: Names of what the function is given.
        local: All names that it binds itself.
        imports: What it imports itself.
        declared: What it says is global.
    """

    def __init__(self, node: ast.AST, *, is_method: bool) -> None:
        self.changed: set[Chain] = set()
        self.unused: list[ast.Call] = []
        self.calls: list[ast.Call] = []
        self.names: list[Chain] = []
        self.imports: dict[str, Import] = {}
        self.parameters: set[str] = set()
        self.local: set[str] = set()
        self.declared: set[str] = set()
        self._own: set[str] = set()
        self._same: dict[str, list[Chain]] = {}
        if isinstance(node, FUNCTIONS):
            arguments = node.args
            named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            named += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
            self._own.update(one.arg for one in named[:1] if is_method)
            self.parameters = {one.arg for one in named} - self._own
        for inner in every_node(node):
            if (note := _NOTES.get(type(inner))) is not None:
                note(self, inner)
        self.local = self.local - self.declared if isinstance(node, FUNCTIONS) else set()

    def beyond(self, chains: list[Chain]) -> set[Chain]:
        """Return names with those left out that are local, and what these were made of instead."""
        found: set[Chain] = set()
        waiting, seen = [chain for chain in chains if chain], set[Chain]()
        while waiting:
            chain = waiting.pop()
            if chain in seen or chain[0] in self._own:
                continue
            seen.add(chain)
            if chain[0] in self.local and chain[0] not in self.imports:
                waiting += self._same.get(chain[0], ())
            if chain[0] not in self.local or chain[0] in self.parameters or chain[0] in self.imports:
                found.add(chain)
        return found

    def _note_part(self, node: ast.Attribute | ast.Subscript) -> None:
        if type(node.ctx) is not ast.Load:
            self.changed.add(root_of(node))

    def _note_name(self, node: ast.Name) -> None:
        if type(node.ctx) is ast.Load:
            self.names.append((node.id,))
        else:
            self.local.add(node.id)

    def _note_argument(self, node: ast.arg) -> None:
        self.local.add(node.arg)

    def _note_named(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.local.add(node.name)

    def _note_global(self, node: ast.Global) -> None:
        self.declared.update(node.names)
        self.changed.update((name,) for name in node.names)

    def _note_import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.imports.update(imports_of(node))
        self.local.update(self.imports)

    def _note_unused(self, node: ast.Expr) -> None:
        self.unused += [call for call in every_node(node.value) if isinstance(call, ast.Call)]

    def _note_lambda(self, node: ast.Lambda) -> None:
        if isinstance(node.body, ast.Call):
            self.unused.append(node.body)

    def _note_call(self, node: ast.Call) -> None:
        self.calls.append(node)
        if _last(node.func) in _TAKING:
            self.unused.append(node)

    def _note_same(self, node: ast.AST) -> None:
        for target, value in _given_a_name(node):
            if chain := root_of(value):
                for name in every_node(target):
                    if isinstance(name, ast.Name):
                        self._same.setdefault(name.id, []).append(chain)


_NOTES: dict[type, Any] = {
    **dict.fromkeys((ast.Attribute, ast.Subscript), _Body._note_part),
    ast.Name: _Body._note_name,
    ast.arg: _Body._note_argument,
    **dict.fromkeys((*FUNCTIONS, ast.ClassDef), _Body._note_named),
    ast.Global: _Body._note_global,
    **dict.fromkeys(IMPORTS, _Body._note_import),
    ast.Expr: _Body._note_unused,
    ast.Lambda: _Body._note_lambda,
    ast.Call: _Body._note_call,
    **dict.fromkeys(
        (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension, ast.withitem), _Body._note_same
    ),
}


def _given_a_name(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what gets a name in a statement, as the name and what it is then another name of."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def _origins(leaf: ast.stmt, name: str) -> Iterator[Chain]:
    """Yield the names of which a statement makes a name another one, or a part: ``T`` for ``row = T[0]``."""
    for node in (leaf, *getattr(leaf, "items", ())):
        for target, value in _given_a_name(node):
            is_named = any(isinstance(part, ast.Name) and part.id == name for part in every_node(target))
            if is_named and (chain := root_of(value)):
                yield chain


def _changed_in_call(call: ast.Call) -> list[Chain]:
    """Return what a call may change whose result nobody uses: what it is a method of, and what it is given."""
    name = _last(call.func)
    if isinstance(call.func, ast.Name) and name in _HARMLESS:
        return []
    if name in _SETTING and len(call.args) > 1:
        chain, attribute = root_of(call.args[0]), call.args[1]
        return [(*chain, str(attribute.value)) if chain and isinstance(attribute, ast.Constant) else chain]
    if isinstance(call.func, ast.Attribute):
        receiver = root_of(call.func.value)
        return [receiver] if name in _PUTTING else [receiver, *_names_in_arguments(call)]
    return _names_in_arguments(call)


def root_of(node: ast.expr) -> Chain:
    """Return the name, with attributes, that an expression is a part of: ``T`` for ``T[0].x`` and ``T.get(k)``."""
    while not (chain := chain_of(node)):
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            return ()
    return chain


def _names_in_arguments(call: ast.Call) -> list[Chain]:
    found: list[Chain] = []
    waiting: list[ast.AST] = [*call.args, *(keyword.value for keyword in call.keywords)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Name, ast.Attribute)) and (chain := chain_of(node)):
            found.append(chain)
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def _last(node: ast.expr) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _is_of_reflow(module: Module, chain: Chain) -> bool:
    value = module.namespace.get(chain[0]) if chain else None
    return type(value).__module__.partition(".")[0] == "reflow"
