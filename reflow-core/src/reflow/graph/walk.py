"""Following names from the function of a task through the project."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType, ModuleType
from typing import Any

from reflow.define.signature import unwrapped
from reflow.graph.counted import Counted, one
from reflow.graph.free_names import Chain, Finder, Import, imports_of
from reflow.graph.globals import BUILTINS
from reflow.graph.library import Library
from reflow.graph.live import cells_of, defaults_of, is_of_cell, is_of_project, wrappers_of
from reflow.graph.modules import Module, is_of_reflow
from reflow.graph.named import LAMBDA, same_name
from reflow.graph.normal import Node
from reflow.graph.parsed import IMPORTS, NAMED, Binding, is_for_types
from reflow.graph.place import Find, Place
from reflow.graph.unloaded import with_packages
from reflow.graph.untold import Untold
from reflow.values.digests import digest

_BUILTINS = frozenset(dir(builtins))


class Walk:
    """Follows names from one function through the project."""

    def __init__(self, library: Library, function: Callable[..., Any]) -> None:
        self._library = library
        self._given = function
        self._function = unwrapped(function)
        self._home = library.modules.of_function(self._function)
        self._counted = Counted(library, self._home)
        self._functions: set[int] = set()  # by id: each has its own variables of enclosing functions
        self._followed: set[tuple[str, Chain]] = set()
        self._globals: list[tuple[Module, str]] = []  # of the project, each by all that it was followed by
        self._packages: set[str] = set()  # that are installed
        self._later: set[Module] = set()
        self._classes: set[type] = set()
        self._waiting: list[Place] = []
        self._wrappers: list[FunctionType] = []
        self._untold = Untold(library.modules)
        self._finds: list[Find] = []

    def source(self) -> str:
        """Return the hash of the function's own source, in hex; empty when there is no source."""
        nodes = self._home.parsed.functions(self._function)
        hashes = [self._library.definition(self._home, node, is_task=True).hash for node in nodes]
        return one(hashes) if hashes else ""

    def counted(self) -> Counted:
        """Go through all that the function reaches, and return what counts of it."""
        self._take_function(self._given, is_task=True)
        self._set_up(BUILTINS)
        while self._waiting or self._wrappers:
            if self._waiting:
                self._follow_all(self._waiting.pop())
            else:
                self._take_wrapper(self._wrappers.pop())
        self._counted.count_orders()
        return self._counted

    def unresolved(self) -> tuple[str, ...]:
        """Return where it has come to what cannot be told, each in words."""
        return self._untold.said()

    def finds(self) -> tuple[Find, ...]:
        """Return where it has come to what looks for files."""
        return tuple(sorted(self._finds))

    def _take(self, module: Module, name: str, node: Node) -> None:
        if node not in self._counted:
            self._waiting.append(self._place(module, name, node))

    def _place(self, module: Module, name: str, node: Node, *, is_task: bool = False) -> Place:
        """Count a definition, and return it as a place to go on from."""
        definition = self._library.definition(module, node, is_task=is_task)
        label = self._counted.label(module, name)
        self._counted.definition(module, label, node, definition.hash)
        place = Place(module, label, definition.taken)
        if not definition.is_read:
            self._untold.nested(place, node.lineno)
        return place

    def _follow_all(self, place: Place) -> None:
        self._untold.called(place)
        self._finds += [self._find(place, finder) for finder in place.taken.finders]
        if place.taken.imports:
            self._load(place.module, place.taken.imports.values())
        for chain in place.taken.chains:
            self._follow(place, chain)

    def _load(self, module: Module, imports: Iterable[Import]) -> None:
        """Take what modules change that are loaded when a function is called."""
        names = [f"{module.absolute(one.module, one.level)}.{one.name}".rstrip(".") for one in imports]
        later = self._library.effects.load(within for name in names for within in with_packages(name))
        if not later <= self._later:
            self._later |= later
            for known, name in list(self._globals):
                self._changed(known, name)
            for package in sorted(self._packages):
                self._set_up(package)

    def _find(self, place: Place, finder: Finder) -> Find:
        is_own = place.label == f":{self._function.__qualname__}"
        stems = finder.stems if is_own else {f"{place.label}.{name}" for name in finder.stems}
        return Find(f"{place.where(finder.line)} calls {finder.name}", frozenset(stems))

    def _follow(self, place: Place, chain: Chain) -> None:
        root, rest = chain[0], chain[1:]
        module = place.module
        if root in place.taken.imports:
            self._import(module, place.taken.imports[root], rest)
        elif root in place.cells:
            self._value(place, root, place.cells[root], rest)
        elif place.around is not None and root in self._library.bound_in(place.around):
            self._take_around(place, place.around)
        else:
            self._follow_global(place, root, rest)

    def _follow_global(self, place: Place, name: str, rest: Chain) -> None:
        """Follow a name of a module; any cell of a notebook may have given it another value since, which counts too."""
        module = place.module
        is_bound = self._in_module(module, name, rest)
        is_known = is_bound or name in _BUILTINS
        if name in module.namespace and (module.is_cell or not is_known):
            self._value(place, name, module.namespace[name], rest)
        elif not is_known:
            self._untold.name(place, name)

    def _in_module(self, module: Module, name: str, rest: Chain, without: tuple[Module, ...] = ()) -> bool:
        """Follow a name of a module, if it has that; through ``from x import *`` too.

        Where several statements bind it, all count, and so does the order in which Python comes to them.
        """
        bindings = module.parsed.bindings.get(name, ())
        if bindings:
            self._bound(module, name, bindings, rest)
        if not module.parsed.stars:
            return bool(bindings)
        places, sources = [(top.lineno, "") for _, top in bindings], list[Module]()
        for star, top in module.parsed.stars:
            other = self._library.modules.named(module.absolute(star.module or "", star.level))
            if other is None or other in without:
                continue
            if self._in_module(other, name, rest, (*without, module)):
                places.append((star.lineno, self._counted.name_of(other)))
                sources.append(other)
                self._take_branch(module, name, star, top)
        if len(places) > max(1, len(bindings)):
            order = digest("code", [at for _, at in sorted(places)] + self._hiding(sources, name)).hex()
            self._counted.add(module, self._counted.label(module, name), order)
        return bool(places)

    def _hiding(self, sources: Iterable[Module], name: str) -> list[str]:
        """Name the modules of which ``*`` does not give a name; what makes up their ``__all__`` counts."""
        told = {source: source.parsed.is_given(name) for source in sources}
        for source in [source for source, is_given in told.items() if is_given is None]:
            self._in_module(source, "__all__", ())
        return [f"hidden by {self._counted.name_of(source)}" for source in told if told[source] is False]

    def _bound(self, module: Module, name: str, bindings: Sequence[Binding], rest: Chain) -> None:
        key = (module.file, (name, *rest))
        if key in self._followed:
            return
        self._followed.add(key)
        targets = [self._follow_binding(module, name, binding, rest) for binding in bindings]
        if len(set(targets)) > 1:
            self._counted.add(module, self._counted.label(module, name), digest("code", targets).hex())
        if None not in targets:
            return
        self._globals.append((module, name))
        self._untold.global_(module, name)
        self._changed(module, name)
        if len(bindings) > 1:
            self._counted.note_several(module, [top for _, top in bindings])

    def _follow_binding(self, module: Module, name: str, binding: Binding, rest: Chain) -> Import | None:
        """Follow one statement that binds a name, and return what it imports; None where it gives the name a value."""
        leaf, top = binding
        if not isinstance(leaf, IMPORTS):
            self._take(module, name, top)
            return None
        target = imports_of(leaf)[name]
        self._import(module, target, rest)
        self._take_branch(module, name, leaf, top)
        return target

    def _take_branch(self, module: Module, name: str, leaf: ast.stmt, top: ast.stmt) -> None:
        """Take the statement that decides whether an import within it is made."""
        if top is not leaf and not is_for_types(top):
            self._take(module, name, top)

    def _changed(self, module: Module, name: str) -> None:
        """Take the statements that change a global while modules are loaded."""
        changes = self._library.effects.on(module, name, self._later)
        if not changes or is_of_reflow(module.namespace.get(name)):
            return
        for other, statement in changes:
            self._take_change(other, statement, name if other is module else f"{name} of {module.short_name}")
        self._counted.note_several(module, [top for _, top in module.parsed.bindings[name]])

    def _take_change(self, module: Module, statement: ast.stmt, name: str) -> None:
        if isinstance(statement, NAMED):
            self._in_module(module, statement.name, ())
        else:
            self._take(module, name, statement)
        self._counted.note_several(module, [statement])

    def _set_up(self, package: str) -> None:
        """Take the statements that set up an installed package while modules are loaded."""
        self._packages.add(package)
        for module, statement in self._library.effects.on_package(package, self._later):
            self._take_change(module, statement, package)

    def _import(self, module: Module, target: Import, rest: Chain) -> None:
        attributes = (target.name, *rest) if target.name else rest
        self._module(module.absolute(target.module, target.level), attributes)

    def _module(self, name: str, rest: Chain) -> None:
        """Follow attributes of a module; one that is used as a value counts with all that it has."""
        module = self._library.modules.named(name)
        if rest and (below := self._library.modules.below(name, rest[0])):
            self._module(below, rest[1:])
        elif module is None:
            self._untold.module(name)
            if (package := name.partition(".")[0]) not in self._packages:
                self._set_up(package)
        elif not rest:
            for own in sorted(module.parsed.bindings):
                self._in_module(module, own, ())
        elif not self._in_module(module, rest[0], rest[1:]) and not self._in_module(
            module, "__getattr__", ()
        ):
            self._untold.attribute(module, rest[0])

    def _value(self, place: Place, name: str, value: object, rest: Chain) -> None:
        """Follow what is known by its value alone: a variable of an enclosing function, or of another cell."""
        from reflow.graph.current import constant_text, named_text  # most code is in files: names say more

        if isinstance(value, ModuleType):
            self._module(value.__name__, rest)
        elif callable(value) and is_of_project(unwrapped(value)):
            self._take_function(value, name)
            return
        elif isinstance(value, type) and is_of_cell(value):
            self._class_of_cell(place, value)
            return
        elif isinstance(value, type) and "<locals>" not in value.__qualname__:
            self._module(value.__module__, tuple(value.__qualname__.split(".")))
        if (text := constant_text(value) or named_text(value)) is not None:
            self._constant(place, name, text)
        elif not is_of_reflow(value):
            self._untold.value(place, name, value)

    def _constant(self, place: Place, name: str, text: str) -> None:
        hashed = digest("value", text).hex()
        if name not in place.cells:
            self._counted.add(place.module, self._counted.label(place.module, name), hashed)
        elif (of_one := (place.label, (str(id(place.function)), name))) not in self._followed:
            self._followed.add(of_one)
            self._counted.append(place.module, f"{place.label}.{name}", hashed)

    def _class_of_cell(self, place: Place, value: type) -> None:
        """Take a class as it is now: the cell that made it may not be the one that is looked at."""
        from reflow.graph.current import class_text, values_of

        if value in self._classes:
            return
        self._classes.add(value)
        self._constant(place, value.__qualname__, class_text(value))
        for name, own in values_of(value):
            self._value(place, name, own, ())

    def _take_function(self, function: Any, name: str = "", *, is_task: bool = False) -> None:
        """Take a function that is known by its value.

        Wrappers that stand above its definition count by their names there, others as they are.
        """
        plain, wrappers = unwrapped(function), list(wrappers_of(function))
        lines = self._take_as_it_is(plain, name, is_task=is_task)
        by_call = max(0, len(wrappers) - lines)
        for wrapper in wrappers[:by_call]:
            if is_of_project(wrapper):
                self._take_as_it_is(wrapper)
            else:
                self._untold.wrapper(plain, wrapper)
        self._wrappers += [wrapper for wrapper in wrappers[by_call:] if is_of_project(wrapper)]

    def _take_as_it_is(self, function: FunctionType, name: str = "", *, is_task: bool = False) -> int:
        """Take a function with what it has of enclosing ones, and return how many decorators it has."""
        module = self._library.modules.of_function(function)
        nodes = module.parsed.functions(function)
        if id(function) not in self._functions:
            self._functions.add(id(function))
            if not nodes:
                self._untold.function(function)
            label = name if name and function.__code__.co_name == LAMBDA else same_name(function.__qualname__)
            for node in nodes:
                around = module.parsed.around(node)
                place = self._place(module, label, node, is_task=is_task)
                self._waiting.append(
                    place._replace(function=function, cells=cells_of(function), around=around)
                )
        return max(
            (len(self._library.decorators(module, node, is_task=is_task)) for node in nodes), default=0
        )

    def _take_wrapper(self, function: FunctionType) -> None:
        """Take what a decorator made, unless the decorator counts already, as one does that stands above a task."""
        parsed = self._library.modules.of_function(function).parsed
        nodes = parsed.functions(function)
        if all(node not in self._counted and parsed.around(node) not in self._counted for node in nodes):
            self._take_as_it_is(function)

    def _take_around(self, place: Place, around: ast.stmt) -> None:
        """Take a whole statement of a module since a function within takes a variable that is there no more.

        Its default values, which were made of such, are there still.
        """
        name = place.label.partition(":")[2].partition(".")[0]
        self._take(place.module, name, around)
        if place.function is not None:
            for parameter, value in defaults_of(place.function):
                self._value(place, parameter, value, ())
