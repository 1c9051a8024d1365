"""What modules change while they are loaded: ``TABLE.append(x)``, ``config.RES = 1``, ``setup()``.

A statement that changes a global, of its own module or of another, counts with that global. What a call changes is told
from what it is given, and from what the functions of the project that it calls say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from reflow.graph.bodies import Body, changed_in_call, names_in_arguments, origins_of, root_of
from reflow.graph.free_names import Chain, Import, chain_of, imports_of
from reflow.graph.modules import Module, Modules, is_of_reflow
from reflow.graph.normal import FUNCTIONS
from reflow.graph.parsed import IMPORTS

EVERY = "*"  #: stands for all globals of a module

_Key = tuple[str, str]  # the file of a module, and a name of it

_MAKING = ("__init__", "__new__", "__post_init__")


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
        body = Body(node, is_method=is_method)
        chains = list(body.changed)
        names: set[_Key] = set()
        if is_called and not isinstance(node, FUNCTIONS):  # run = partial(fill, TABLE)
            chains += body.names
            called = body.names
        else:
            called = [chain_of(call.func) for call in body.calls]
        for call in body.unused:
            if not _is_of_reflow(module, root_of(call.func)):
                chains += changed_in_call(call)
        for chain in called:
            for other, function in self._called(module, body, chain):
                changes = self._of_function(other, function)
                names |= changes.names
                if changes.given:
                    calls = (call for call in body.calls if chain_of(call.func) == chain)
                    chains += [given for call in calls for given in names_in_arguments(call)]
        beyond = body.beyond(chains)
        for chain in beyond:
            if chain[0] not in body.parameters:
                names |= {(other.file, name) for other, name in self._globals(module, body, chain)}
        return _Changes(frozenset(names), any(chain[0] in body.parameters for chain in beyond))

    def _called(self, module: Module, body: Body, chain: Chain) -> Iterator[tuple[Module, ast.stmt]]:
        """Yield what a call may call: functions and classes of the project, and statements that make such."""
        if not chain or (chain[0] in body.local and chain[0] not in body.imports):
            return
        for other, name in self._globals(module, body, chain):
            for leaf, _ in other.parsed.bindings.get(name, ()):
                if name == chain[-1] or isinstance(leaf, ast.ClassDef):
                    yield other, leaf

    def _globals(self, module: Module, body: Body, chain: Chain) -> Iterator[tuple[Module, str]]:
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
            for origin in origins_of(leaf, chain[0]):
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


def _is_of_reflow(module: Module, chain: Chain) -> bool:
    return bool(chain) and is_of_reflow(module.namespace.get(chain[0]))
