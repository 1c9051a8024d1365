"""What modules change while they are loaded: ``TABLE.append(x)``, ``config.RES = 1``, ``setup()``.

A statement that changes a global, of its own module or of another, counts with that global. What a call changes is told
from what it is given, and from what the functions of the project that it calls say.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable

from reflow.graph.bodies import Body, changed_in_call, names_in_arguments, root_of, run_by
from reflow.graph.calls import Callee, Calls, is_given_its_class, is_super, receiver
from reflow.graph.classes import changed_of_class, shares
from reflow.graph.free_names import chain_of
from reflow.graph.globals import EVERY, NOTHING, UNSETTABLE, Globals, Key, names_of_reflow
from reflow.graph.modules import Module, Modules
from reflow.graph.normal import FUNCTIONS
from reflow.graph.parsed import NAMED
from reflow.model.named_tuple import NamedTuple

_PACKAGES = ""  #: stands where a key has a file, before the name of an installed package

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

    names: frozenset[Key] = frozenset()
    given: bool = False


class Effects:
    """All that the loaded modules of the project change while they are loaded."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._globals = Globals(modules)
        self._calls = Calls(self._globals)
        self._functions: dict[ast.AST, _Changes] = {}
        self._changes: dict[Key, list[Change]] = {}
        self._seen: set[Module] = set()
        self._packages: set[str] = set()
        self._later: set[Module] = set()
        for module in modules.importing():
            self._see(module)

    def on(self, module: Module, name: str, later: Collection[Module]) -> tuple[Change, ...]:
        """Return the statements that change a global, those of one module in their order.

        Args:
            later: The modules that are not loaded yet and count too.
        """
        if module not in self._seen:  # it imports no others, or is not loaded yet
            self._see(module)
        return self._found([(module.file, name), (module.file, EVERY)], later) if self._changes else ()

    def on_package(self, package: str, later: Collection[Module]) -> tuple[Change, ...]:
        """Return the statements that set up an installed package for all who use it: ``xr.set_options(...)``."""
        if package in UNSETTABLE:
            return ()
        if package not in self._packages:
            self._packages.add(package)
            for module in self._modules.calling(package, but=self._seen):
                self._see(module)
        return self._found([(_PACKAGES, package)], later)

    def _found(self, keys: Iterable[Key], later: Collection[Module]) -> tuple[Change, ...]:
        found = [change for key in keys for change in self._changes.get(key, ())]
        if self._later:
            found = [one for one in found if one.module not in self._later or one.module in later]
        if len(found) > 1:
            found.sort(key=lambda change: (change.module.name, change.statement.lineno))
        return tuple(dict.fromkeys(found)) if found else ()

    def load(self, names: Iterable[str]) -> set[Module]:
        """Look at modules that a function imports when it is called, and at what these import.

        Returns:
            Those that are not loaded yet. What they change counts for who imports them alone.
        """
        found: set[Module] = set()
        waiting = list(names)
        for name in waiting:
            module = None if name in sys.modules else self._modules.named(name)
            if module is not None and module not in found:
                found.add(module)
                waiting += module.imported()
                if module not in self._seen:
                    self._see(module)
        self._later |= found
        return found

    def _see(self, module: Module) -> None:
        self._seen.add(module)
        for node, statement in module.parsed.doing:
            body = Body.of_making(node) if isinstance(node, NAMED) else Body(node)
            for key in self._changed_by(module, body).names:
                self._changes.setdefault(key, []).append(Change(module, statement))

    def _changed_by(
        self, module: Module, body: Body, owner: ast.ClassDef | None = None, *, is_called: bool = False
    ) -> _Changes:
        """Return what a body changes.

        Args:
            owner: The class of which it is a method.
            is_called: Whether it is a statement that has made what is called: ``run = partial(fill, TABLE)``.
        """
        chains = list(body.changed)
        names: set[Key] = set()
        if is_called:
            chains += body.names
            for chain in body.names:
                called = list(self._calls.called(module, body, chain))
                names |= self._by_all([*called, *self._calls.called_next(called)]).names
        for call in body.unused:
            if not names_of_reflow(module, root_of(call.func)):
                chains += changed_in_call(call)
        for call in body.calls:
            chains += run_by(call)
            chain = chain_of(call.func)
            called = list(
                self._calls.called(module, body, chain)
                if chain
                else self._calls.made(module, body, call.func)
            )
            methods = [] if called else list(self._calls.methods(module, body, call, owner))
            then = self._calls.called_next(called) if body.decorators.get(call) else ()
            changes = self._by_all([*called, *methods, *then])
            names |= changes.names
            if changes.given:
                chains += names_in_arguments(call)
                if methods or any(is_given_its_class(one.node) for one in called):
                    chains.append((body.first,) if is_super(call.func) else receiver(call))
            names |= self._by_all(self._calls.given_away(module, body, call)).names
            is_unknown = call in body.decorators and not (called or methods)
            if is_unknown and isinstance(call.func, ast.Attribute):
                chains.append(root_of(call.func.value))
        names |= self._of_class(module, owner, body) if owner is not None else set()
        for node in body.classes:
            names |= self._by_deriving(module, node)
        for chain in body.beyond([*body.changed, *body.done]):
            names |= {(_PACKAGES, package) for package in self._globals.packages(module, body, chain)}
        beyond = body.beyond(chains)
        for chain in beyond:
            if chain[0] not in body.parameters:
                names |= {(one.module.file, one.name) for one in self._globals.of(module, body, chain)}
        return _Changes(frozenset(names), any(chain[0] in body.parameters for chain in beyond))

    def _by_all(self, called: Iterable[Callee]) -> _Changes:
        """Return what is changed where all of these are called."""
        made = [self._by(one) for one in called]
        return _Changes(frozenset().union(*(c.names for c in made)), any(c.given for c in made))

    def _by(self, called: Callee) -> _Changes:
        module, node, owner = called
        if node not in self._functions:
            self._functions[node] = _Changes()  # of one that calls itself
            if isinstance(node, ast.ClassDef):
                self._functions[node] = self._by_making(module, node)
            else:
                is_statement = not isinstance(node, FUNCTIONS)
                changes = self._changed_by(module, Body(node), owner, is_called=is_statement)
                if owner is not None and changes.given and is_given_its_class(node):
                    of_class = {
                        (home.file, parent.name) for home, parent in self._globals.lineage(module, owner)
                    }
                    changes = changes._replace(names=changes.names | of_class)
                self._functions[node] = changes
        return self._functions[node]

    def _by_making(self, module: Module, node: ast.ClassDef) -> _Changes:
        """Return what is changed where an object is made; the object itself is new."""
        methods = [one for name in _MAKING for one in self._calls.method(module, node, name)]
        bodies = [(one, Body(one.node, is_method=True)) for one in methods]
        made = [self._changed_by(one.module, body, one.owner) for one, body in bodies]
        names = frozenset[Key]().union(*(c.names for c in made))
        for _, body in bodies:
            names |= self._of_class(module, node, body)
        return _Changes(names, any(c.given for c in made))

    def _of_class(self, module: Module, node: ast.ClassDef, body: Body) -> set[Key]:
        """Return the classes whose lists or the like a method changes through its object."""
        changed = changed_of_class(body)
        lineage = self._globals.lineage(module, node) if changed else ()
        return {
            (home.file, parent.name)
            for home, parent in lineage
            if any(shares(parent, attributes) for attributes in changed)
        }

    def _by_deriving(self, module: Module, node: ast.ClassDef) -> set[Key]:
        """Return what is changed where a class is made, by those that it is made from."""
        names: set[Key] = set()
        for home, hook, owner in self._calls.method(module, node, "__init_subclass__", above=True):
            changes = self._by(Callee(home, hook, owner))
            names |= changes.names
            if changes.given:
                lineage = self._globals.lineage(module, node)
                names |= {(other.file, parent.name) for other, parent in lineage if parent is not node}
        for home, parent in self._globals.lineage(module, node):
            for keyword in parent.keywords:
                if keyword.arg == "metaclass":
                    for one in self._calls.called(home, NOTHING, chain_of(keyword.value)):
                        names |= self._by_metaclass(one, [*self._globals.lineage(module, node)][1:])
        return names

    def _by_metaclass(self, called: Callee, above: list[tuple[Module, ast.ClassDef]]) -> frozenset[Key]:
        """Return what is changed where a metaclass makes a class; what it puts into may be of those above."""
        if not isinstance(called.node, ast.ClassDef):
            return self._by(called).names
        hooks = [one for name in _MAKING for one in self._calls.method(called.module, called.node, name)]
        names = self._by_all(hooks).names
        if any(Body(hook.node).inside for hook in hooks):
            own = (called.module, called.node)
            names |= {(home.file, parent.name) for home, parent in (own, *above)}
        return names
