"""What modules change while they are loaded: ``TABLE.append(x)``, ``config.RES = 1``, ``setup()``.

A statement that changes a global, of its own module or of another, counts with that global. What a call changes is told
from what it is given, and from what the functions of the project that it calls say.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator

from reflow.graph.bodies import Body, changed_in_call, names_in_arguments, root_of, run_by
from reflow.graph.classes import changed_of_class, shares
from reflow.graph.free_names import Chain, chain_of
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


class _Callable(NamedTuple):
    """What may be called: a function, a class, or a statement that made one; for a method, with its class."""

    module: Module
    node: ast.stmt
    owner: ast.ClassDef | None = None


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
                called = list(self._called(module, body, chain))
                names |= self._by_all([*called, *self._called_next(called)]).names
        for call in body.unused:
            if not names_of_reflow(module, root_of(call.func)):
                chains += changed_in_call(call)
        for call in body.calls:
            chains += run_by(call)
            chain = chain_of(call.func)
            called = list(self._called(module, body, chain) if chain else self._made(module, body, call.func))
            methods = [] if called else list(self._methods(module, body, call, owner))
            then = self._called_next(called) if body.decorators.get(call) else ()
            changes = self._by_all([*called, *methods, *then])
            names |= changes.names
            if changes.given:
                chains += names_in_arguments(call)
                if methods or any(_is_given_its_class(one.node) for one in called):
                    chains.append((body.first,) if _is_super(call.func) else _receiver(call))
            names |= self._by_all(self._given_away(module, body, call)).names
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

    def _by_all(self, called: Iterable[_Callable]) -> _Changes:
        """Return what is changed where all of these are called."""
        made = [self._by(one) for one in called]
        return _Changes(frozenset().union(*(c.names for c in made)), any(c.given for c in made))

    def _by(self, called: _Callable) -> _Changes:
        module, node, owner = called
        if node not in self._functions:
            self._functions[node] = _Changes()  # of one that calls itself
            if isinstance(node, ast.ClassDef):
                self._functions[node] = self._by_making(module, node)
            else:
                is_statement = not isinstance(node, FUNCTIONS)
                changes = self._changed_by(module, Body(node), owner, is_called=is_statement)
                if owner is not None and changes.given and _is_given_its_class(node):
                    of_class = {
                        (home.file, parent.name) for home, parent in self._globals.lineage(module, owner)
                    }
                    changes = changes._replace(names=changes.names | of_class)
                self._functions[node] = changes
        return self._functions[node]

    def _by_making(self, module: Module, node: ast.ClassDef) -> _Changes:
        """Return what is changed where an object is made; the object itself is new."""
        methods = [one for name in _MAKING for one in self._method(module, node, name)]
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
        for home, hook, owner in self._method(module, node, "__init_subclass__", above=True):
            changes = self._by(_Callable(home, hook, owner))
            names |= changes.names
            if changes.given:
                lineage = self._globals.lineage(module, node)
                names |= {(other.file, parent.name) for other, parent in lineage if parent is not node}
        for home, parent in self._globals.lineage(module, node):
            for keyword in parent.keywords:
                if keyword.arg == "metaclass":
                    for one in self._called(home, NOTHING, chain_of(keyword.value)):
                        names |= self._by_metaclass(one, [*self._globals.lineage(module, node)][1:])
        return names

    def _by_metaclass(self, called: _Callable, above: list[tuple[Module, ast.ClassDef]]) -> frozenset[Key]:
        """Return what is changed where a metaclass makes a class; what it puts into may be of those above."""
        if not isinstance(called.node, ast.ClassDef):
            return self._by(called).names
        hooks = [one for name in _MAKING for one in self._method(called.module, called.node, name)]
        names = self._by_all(hooks).names
        if any(Body(hook.node).inside for hook in hooks):
            own = (called.module, called.node)
            names |= {(home.file, parent.name) for home, parent in (own, *above)}
        return names

    def _called(self, module: Module, body: Body, chain: Chain) -> Iterator[_Callable]:
        """Yield what a call may call: functions, classes and their methods, and statements that make such."""
        if not chain or (chain[0] in body.local and chain[0] not in body.imports):
            return
        for other, name, rest in self._globals.of(module, body, chain):
            for leaf, _ in other.parsed.bindings.get(name, ()) if rest is not None else ():
                if not rest:
                    yield _Callable(other, leaf)
                elif isinstance(leaf, ast.ClassDef):
                    yield from self._method(other, leaf, rest[-1])

    def _made(self, module: Module, body: Body, function: ast.expr) -> Iterator[_Callable]:
        """Yield what ``Model()(1)`` calls, or ``TABLE[key](1)``."""
        if isinstance(function, ast.Call):
            yield from self._called_next(self._called(module, body, chain_of(function.func)))
        elif isinstance(function, ast.Subscript):
            yield from self._called(module, body, root_of(function))

    def _called_next(self, called: Iterable[_Callable]) -> Iterator[_Callable]:
        """Yield what is called of the objects that these calls made."""
        for home, node, _ in called:
            if isinstance(node, ast.ClassDef):
                yield from self._method(home, node, "__call__")

    def _methods(
        self, module: Module, body: Body, call: ast.Call, owner: ast.ClassDef | None
    ) -> Iterator[_Callable]:
        """Yield the methods that a call may call: of the object itself, of one that is just made, or that a global is.

        A class that is called is given as it is to the methods that belong to it: ``cls()``.
        """
        chain = chain_of(call.func)
        if owner is not None and chain == (body.first,):
            yield _Callable(module, owner)
        elif not isinstance(call.func, ast.Attribute):
            return
        elif owner is not None and _is_super(call.func):
            yield from self._method(module, owner, call.func.attr, above=True)
        elif isinstance(call.func.value, ast.Call):
            yield from self._method_of_made(module, body, call.func.value, call.func.attr)
        elif owner is not None and chain[:1] == (body.first,):
            yield from self._method(module, owner, chain[1]) if len(chain) == 2 else ()
        elif chain and (chain[0] not in body.local or chain[0] in body.imports):
            for other, name, _ in self._globals.of(module, body, chain[:-1]):
                for leaf, _ in other.parsed.bindings.get(name, ()):
                    value = getattr(leaf, "value", None)
                    if isinstance(value, ast.Call):
                        yield from self._method_of_made(other, NOTHING, value, chain[-1])

    def _method_of_made(self, module: Module, body: Body, maker: ast.Call, name: str) -> Iterator[_Callable]:
        """Yield a method of the object that a call makes."""
        for home, node, _ in self._called(module, body, chain_of(maker.func)):
            if isinstance(node, ast.ClassDef):
                yield from self._method(home, node, name)

    def _given_away(self, module: Module, body: Body, call: ast.Call) -> Iterator[_Callable]:
        """Yield the functions that a call is given: whoever gets them may call them."""
        if not names_of_reflow(module, root_of(call.func)):
            for chain in names_in_arguments(call):
                for one in self._called(module, body, chain):
                    if isinstance(one.node, FUNCTIONS):
                        yield one

    def _method(
        self, module: Module, node: ast.ClassDef, name: str, *, above: bool = False
    ) -> Iterator[_Callable]:
        """Yield a method of a class, or of the nearest that it is made from; ``above`` does not look at itself."""
        for home, parent in self._globals.lineage(module, node):
            found = [one for one in parent.body if isinstance(one, FUNCTIONS) and one.name == name]
            if found and not (above and parent is node):
                yield from (_Callable(home, one, parent) for one in found)
                return


def _is_super(function: ast.expr) -> bool:
    """Whether it is ``super().name``."""
    maker = getattr(function, "value", None)
    return isinstance(maker, ast.Call) and chain_of(maker.func) == ("super",)


def _receiver(call: ast.Call) -> Chain:
    """Return the name of what a method is called of."""
    return root_of(call.func.value) if isinstance(call.func, ast.Attribute) else ()


def _is_given_its_class(node: ast.stmt) -> bool:
    return any(chain_of(one) == ("classmethod",) for one in getattr(node, "decorator_list", ()))
