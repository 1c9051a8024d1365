"""What modules change while they are loaded: ``TABLE.append(x)``, ``config.RES = 1``, ``setup()``.

A statement that changes a global, of its own module or of another, counts with that global. What a call changes is told
from what it is given, and from what the functions of the project that it calls say.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import partial

from reflow.graph.bodies import Body, changed_in_call, names_in_arguments, root_of, run_by, set_in_call
from reflow.graph.calls import Callee, Calls, is_given_its_class, is_super, receiver
from reflow.graph.classes import changed_of_class, shares
from reflow.graph.free_names import Chain, chain_of
from reflow.graph.globals import EVERY, NOTHING, UNSETTABLE, Globals, Key, names_of_reflow
from reflow.graph.methods import Methods, are_implicit, attributes_in, operations
from reflow.graph.modules import Module, Modules
from reflow.graph.normal import FUNCTIONS
from reflow.graph.parsed import NAMED
from reflow.graph.rounds import Rounds
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


class _Changed(NamedTuple):
    """What a part of a body changes: names, with attributes behind them, as they are written there, and globals."""

    chains: Iterable[Chain] = ()
    names: Iterable[Key] = ()


class Effects:
    """All that the loaded modules of the project change while they are loaded."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._globals = Globals(modules)
        self._calls = Calls(self._globals)
        self._methods = Methods(modules)
        self._rounds = Rounds(_Changes())
        self._bodies: dict[tuple[ast.AST, bool], Body] = {}
        self._is_named = False  # whether what is looked at was found by its name alone
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
        """Return the statements that set up an installed package for all who use it, as ``xr.set_options(...)`` does.

        Of one of Python's own, that is ``math.pi = 3`` alone.
        """
        if package not in self._packages:
            self._packages.add(package)
            find = self._modules.setting if package in UNSETTABLE else self._modules.calling
            for module in find(package, but=self._seen):
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
            names = self._changed_by(module, body).names
            if node is not statement and isinstance(statement, ast.ClassDef):
                names |= self._by_naming(module, statement)
            for key in names:
                self._changes.setdefault(key, []).append(Change(module, statement))

    def _changed_by(
        self, module: Module, body: Body, owner: ast.ClassDef | None = None, *, is_called: bool = False
    ) -> _Changes:
        """Return what a body changes.

        Args:
            owner: The class of which it is a method.
            is_called: Whether it is a statement that has made what is called: ``run = partial(fill, TABLE)``.
        """
        changed = [
            _Changed(body.changed),
            self._by_what_it_is_made_of(module, body) if is_called else _Changed(),
            *(self._by_call(module, body, call, owner) for call in body.calls),
            *self._by_operations(module, body),
        ]
        names = set[Key]().union(*(one.names for one in changed))
        chains = [chain for one in changed for chain in one.chains]
        for call in body.unused:
            if not names_of_reflow(module, root_of(call.func)):
                chains += changed_in_call(call)
        names |= self._of_class(module, owner, body) if owner is not None else set()
        for node in body.classes:
            names |= self._by_deriving(module, node)
        names |= self._by_setting_up(module, body)
        beyond = body.beyond(chains)
        for chain in beyond:
            if chain[0] not in body.parameters:
                names |= {(one.module.file, one.name) for one in self._globals.of(module, body, chain)}
        return _Changes(frozenset(names), any(chain[0] in body.parameters for chain in beyond))

    def _by_setting_up(self, module: Module, body: Body) -> set[Key]:
        """Return the packages that are not of the project and that a body sets up, or sets an attribute of."""
        given = [chain for call in body.unused for chain in set_in_call(call)]
        found = [
            package
            for is_set, chains in ((True, [*body.changed, *given]), (False, body.done))
            for chain in body.beyond(chains)
            for package in self._globals.packages(module, body, chain, is_set=is_set)
        ]
        return {(_PACKAGES, package) for package in found}

    def _by_what_it_is_made_of(self, module: Module, body: Body) -> _Changed:
        """Return what is changed where something is called that a statement has made."""
        called = [one for chain in body.names for one in self._calls.called(module, body, chain)]
        methods = [
            one for node in attributes_in(body.nodes) for one in self._methods.named(module, node.attr)
        ]
        changes = self._by_all([*called, *self._calls.called_next(called)])
        return _Changed(body.names, changes.names | self._by_named(methods).names)

    def _by_call(self, module: Module, body: Body, call: ast.Call, owner: ast.ClassDef | None) -> _Changed:
        chain = chain_of(call.func)
        called = [
            *(self._calls.called(module, body, chain) if chain else self._calls.made(module, body, call.func))
        ]
        methods = [] if called else [*self._calls.methods(module, body, call, owner)]
        by_name = [] if called else self._by_name(module, body, call, is_known=bool(methods))
        then = self._calls.called_next(called) if body.decorators.get(call) else ()
        known, named = self._by_all([*called, *methods, *then]), self._by_named(by_name)
        chains = run_by(call)
        if known.given or named.given:
            chains += names_in_arguments(call)
            if methods or by_name or any(is_given_its_class(one.node) for one in called):
                chains.append((body.first,) if is_super(call.func) else receiver(call))
        away = [*self._calls.given_away(module, body, call)]
        names = known.names | named.names | self._by_all(away).names
        for one in away:
            if isinstance(one.node, ast.ClassDef):  # type("Sub", (one,), {})
                names |= self._by_deriving(one.module, one.node, is_base=True)
        if call in body.decorators and not (called or methods) and isinstance(call.func, ast.Attribute):
            chains.append(root_of(call.func.value))
        return _Changed(chains, names)

    def _by_name(self, module: Module, body: Body, call: ast.Call, *, is_known: bool) -> list[Callee]:
        """Return the methods that a call may call by their name alone: a class may have its own for ``self.put()``."""
        function = call.func
        if not isinstance(function, ast.Attribute):
            return []
        root = root_of(function.value)
        is_own = bool(body.first) and root == (body.first,)
        if (is_known and not is_own) or self._calls.is_foreign(module, body, root):
            return []
        return self._methods.named(module, function.attr)

    def _by_operations(self, module: Module, body: Body) -> Iterator[_Changed]:
        """Yield what is changed by the methods that Python calls by itself: for ``c[k] = v``, ``with c:``, ``c.p``."""
        named = {} if self._is_named else self._methods.seen_by(module)
        if not named:
            return
        for node in attributes_in(body.nodes):
            if node.attr in named and (used := self._methods.used(module, node.attr)):
                yield self._by_operation(used, [node.value])
        for names, operands in operations(body.nodes) if are_implicit(named) else ():
            if found := [one for name in names if name in named for one in self._methods.named(module, name)]:
                yield self._by_operation(found, operands)

    def _by_operation(self, methods: list[Callee], operands: list[ast.expr]) -> _Changed:
        changes = self._by_named(methods)
        calls = [one for one in operands if isinstance(one, ast.Call)]
        held = [chain for call in calls for chain in names_in_arguments(call)]
        return _Changed([*map(root_of, operands), *held] if changes.given else (), changes.names)

    def _by_naming(self, module: Module, node: ast.ClassDef) -> frozenset[Key]:
        """Return what the parts of a class change that are told their names."""
        changes = self._by_named(self._methods.named(module, "__set_name__"))
        lineage = self._globals.lineage(module, node) if changes.given else ()
        return changes.names.union((home.file, parent.name) for home, parent in lineage)

    def _by_all(self, called: Iterable[Callee]) -> _Changes:
        """Return what is changed where all of these are called."""
        made = [self._by(one) for one in called]
        return _Changes(frozenset().union(*(c.names for c in made)), any(c.given for c in made))

    def _by_named(self, methods: Iterable[Callee]) -> _Changes:
        """Return what is changed where methods are called that are known by their names alone.

        What these call is followed as it is written: by names alone, all would lead to all.
        """
        if self._is_named:
            return _Changes()
        self._is_named = True
        changes = self._by_all(methods)
        self._is_named = False
        return changes

    def _by(self, called: Callee) -> _Changes:
        return self._rounds.ask((called.node, self._is_named), partial(self._look_at, called))

    def _look_at(self, called: Callee) -> _Changes:
        module, node, owner = called
        if isinstance(node, ast.ClassDef):
            return self._by_making(module, node)
        changes = self._changed_by(module, self._body(node), owner, is_called=not isinstance(node, FUNCTIONS))
        if owner is not None and changes.given and is_given_its_class(node):
            lineage = self._globals.lineage(module, owner)
            of_class = {(home.file, parent.name) for home, parent in lineage}
            return changes._replace(names=changes.names | of_class)
        return changes

    def _body(self, node: ast.AST, *, is_method: bool = False) -> Body:
        key = (node, is_method)
        if key not in self._bodies:
            self._bodies[key] = Body(node, is_method=is_method)
        return self._bodies[key]

    def _by_making(self, module: Module, node: ast.ClassDef) -> _Changes:
        """Return what is changed where an object is made; the object itself is new."""
        methods = [one for name in _MAKING for one in self._calls.method(module, node, name)]
        bodies = [(one, self._body(one.node, is_method=True)) for one in methods]
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

    def _by_deriving(self, module: Module, node: ast.ClassDef, *, is_base: bool = False) -> set[Key]:
        """Return what is changed where a class is made, by those that it is made from, of which it may be one."""
        names: set[Key] = set()
        for home, hook, owner in self._calls.method(module, node, "__init_subclass__", above=not is_base):
            changes = self._by(Callee(home, hook, owner))
            names |= changes.names
            if changes.given:
                lineage = self._globals.lineage(module, node)
                names |= {
                    (other.file, parent.name) for other, parent in lineage if is_base or parent is not node
                }
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
        if any(self._body(hook.node).inside for hook in hooks):
            own = (called.module, called.node)
            names |= {(home.file, parent.name) for home, parent in (own, *above)}
        return names
