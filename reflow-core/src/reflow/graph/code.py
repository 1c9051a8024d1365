"""The code that a task reaches: its own function, and what that takes from the project, hashed."""

from __future__ import annotations

import ast
import builtins
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from reflow.define.signature import unwrapped
from reflow.graph.free_names import Chain, Finder, Import, Taken, imports_of
from reflow.graph.modules import IMPORTS, Binding, Module, Modules, is_foreign
from reflow.graph.reading import Definition, read, unread
from reflow.model.digest import digest

PART_SIZE = 16  #: letters of the hash of one definition, which only names what changed

_NOT_OWN = (ast.Expr, *IMPORTS)
_BUILTINS = frozenset(dir(builtins))


class Find(NamedTuple):
    """Where a task looks for files.

    Attributes:
        place: In words.
        stems: The parameters that what it looks through may be made of: the task's own, or of whom it calls,
            each behind the name of that.
    """

    place: str
    stems: frozenset[str]


class Code(NamedTuple):
    """The code of one task.

    Attributes:
        source: Hash of the function's own normalised source, in hex; empty when there is no source.
        hash: The same of all project code that it reaches; empty when there is no source.
        parts: What that is made of: hashes by ``file:name``, the file as seen from that of the task, which is itself
            not named: equal code may stand in several files.
        unresolved: Where it reaches what cannot be told, each in words.
        finds: Where it looks for files.
    """

    source: str
    hash: str
    parts: dict[str, str]
    unresolved: tuple[str, ...] = ()
    finds: tuple[Find, ...] = ()


def codes_of(functions: Mapping[str, Callable[..., Any]]) -> dict[str, Code]:
    """Return the code of several tasks by name; each file is parsed once, each definition read once."""
    library = _Library()
    return {name: _Walk(library, function).code() for name, function in functions.items()}


def source_hash(function: Callable[..., Any]) -> str:
    """Return the hash of a function's own source, in hex; empty when there is no source.

    Comments, docstrings, formatting, what ``Annotated`` adds to a type, and reflow's own decorators do not count.
    """
    return _Walk(_Library(), function).source()


class _Library:
    """What all walks share: modules, and definitions that were read."""

    def __init__(self) -> None:
        self.modules = Modules()
        self._read: dict[ast.stmt, Definition] = {}
        self._seen_from: dict[tuple[str, str], str] = {}

    def seen_from(self, home: Module, module: Module) -> str:
        """Return the file of a module as seen from the directory of another; all cells of a notebook are one."""
        if module.is_cell:
            return "notebook"
        folder, name = os.path.split(module.file)
        key = (folder, home.file)
        if key not in self._seen_from:
            start = os.getcwd() if home.is_cell else os.path.dirname(home.file)
            self._seen_from[key] = os.path.relpath(folder or ".", start or ".")
        near = self._seen_from[key]
        return name if near == "." else os.path.join(near, name)

    def definition(self, module: Module, node: ast.stmt) -> Definition:
        if node not in self._read:
            try:
                self._read[node] = read(node)
            except RecursionError:  # an expression of a thousand terms
                self._read[node] = unread(module.parsed.text_of(node))
        return self._read[node]


class _Place(NamedTuple):
    """A definition whose names are to be followed."""

    module: Module
    label: str
    taken: Taken
    cells: Mapping[str, object]


class _Walk:
    """Follows names from one function through the project."""

    def __init__(self, library: _Library, function: Callable[..., Any]) -> None:
        self._library = library
        self._function = unwrapped(function)
        self._home = library.modules.of_function(self._function)
        self._hashes: dict[str, list[str]] = {}  # of definitions: a name may have several
        self._files: dict[str, str] = {}
        self._taken: set[ast.stmt] = set()
        self._followed: set[tuple[str, Chain]] = set()
        self._classes: set[type] = set()
        self._waiting: list[_Place] = []
        self._unresolved: set[str] = set()
        self._finds: list[Find] = []

    def source(self) -> str:
        node = _node_of(self._function, self._home)
        return "" if node is None else self._library.definition(self._home, node).hash

    def code(self) -> Code:
        if not (source := self.source()):
            return Code("", "", {})
        self._take_function(self._function)
        while self._waiting:
            self._follow_all(self._waiting.pop())
        parts = {
            f"{self._files[label]}:{label.partition(':')[2]}": _one(hashes)[:PART_SIZE]
            for label, hashes in sorted(self._hashes.items())
        }
        whole = digest("code", sorted(self._hashes.items())).hex()
        return Code(source, whole, parts, tuple(sorted(self._unresolved)), tuple(sorted(self._finds)))

    def _take(
        self, module: Module, name: str, node: ast.stmt, cells: Mapping[str, object] | None = None
    ) -> None:
        if node in self._taken:
            return
        self._taken.add(node)
        definition = self._library.definition(module, node)
        label = f"{self._label(module)}:{name}"
        self._hashes.setdefault(label, []).append(definition.hash)
        self._files[label] = self._file(module)
        place = _Place(module, label, definition.taken, cells or {})
        if not definition.is_read:
            self._unresolved.add(f"{_where(place, node.lineno)} is nested too deeply to be followed")
        self._waiting.append(place)

    def _label(self, module: Module) -> str:
        """Name a module so that it is the same in a script, in a package, and wherever these are."""
        if module is self._home or (module.is_cell and self._home.is_cell):
            return ""
        own = f"{self._home.package}."
        return module.name[len(own) - 1 :] if module.name.startswith(own) else module.name

    def _file(self, module: Module) -> str:
        if module is self._home and not module.is_cell:
            return ""
        return self._library.seen_from(self._home, module)

    def _follow_all(self, place: _Place) -> None:
        for name, line in place.taken.opaque:
            self._unresolved.add(f"{_where(place, line)} calls {name}")
        self._finds += [self._find(place, finder) for finder in place.taken.finders]
        for chain in place.taken.chains:
            self._follow(place, chain)

    def _find(self, place: _Place, finder: Finder) -> Find:
        is_own = place.label == f":{self._function.__qualname__}"
        stems = finder.stems if is_own else {f"{place.label}.{name}" for name in finder.stems}
        return Find(f"{_where(place, finder.line)} calls {finder.name}", frozenset(stems))

    def _follow(self, place: _Place, chain: Chain) -> None:
        root, rest = chain[0], chain[1:]
        module = place.module
        if root in place.taken.imports:
            self._import(module, place.taken.imports[root], rest)
        elif root in place.cells:
            self._value(place, root, place.cells[root], rest)
        else:
            self._follow_global(place, root, rest)

    def _follow_global(self, place: _Place, name: str, rest: Chain) -> None:
        """Follow a name of a module; any cell of a notebook may have given it another value since, which counts too."""
        module = place.module
        is_bound = self._in_module(module, name, rest)
        is_known = is_bound or name in _BUILTINS
        if name in module.namespace and (module.is_cell or not is_known):
            self._value(place, name, module.namespace[name], rest)
        elif not is_known and not name.startswith("__"):
            self._unresolved.add(f"{_where(place)} takes {name}, which is not to be found")

    def _in_module(self, module: Module, name: str, rest: Chain, without: tuple[Module, ...] = ()) -> bool:
        """Follow a name of a module, if it has that; through ``from x import *`` too."""
        if bindings := module.parsed.bindings.get(name):
            self._bound(module, name, bindings, rest)
            return True
        for star in module.parsed.stars:
            other = self._library.modules.named(_absolute(module, star.module or "", star.level))
            if other is None or other in without:
                continue
            if self._in_module(other, name, rest, (*without, module)):
                return True
        return False

    def _bound(self, module: Module, name: str, bindings: Sequence[Binding], rest: Chain) -> None:
        key = (module.file, (name, *rest))
        if key in self._followed:
            return
        self._followed.add(key)
        is_own = not all(isinstance(leaf, _NOT_OWN) for leaf, _ in bindings)
        for leaf, top in bindings:
            if isinstance(leaf, IMPORTS):
                self._import(module, imports_of(leaf)[name], rest)
            elif is_own:
                self._take(module, name, top)
        if is_own and not _is_of_reflow(module.namespace.get(name)):
            for given in module.parsed.registered.get(name, ()):
                self._in_module(module, given, ())

    def _import(self, module: Module, target: Import, rest: Chain) -> None:
        attributes = (target.name, *rest) if target.name else rest
        self._module(_absolute(module, target.module, target.level), attributes)

    def _module(self, name: str, rest: Chain) -> None:
        """Follow attributes of a module; one that is used as a value counts with all that it has."""
        module = self._library.modules.named(name)
        below = f"{name}.{rest[0]}" if rest else ""
        if below in sys.modules and (module is None or rest[0] not in module.parsed.bindings):
            self._module(below, rest[1:])
        elif module is None:
            self._note_unseen(name)
        elif not rest:
            for own in sorted(module.parsed.bindings):
                self._in_module(module, own, ())
        elif not self._in_module(module, rest[0], rest[1:]) and not rest[0].startswith("__"):
            self._unresolved.add(f"{os.path.basename(module.file)} does not show what {rest[0]} is")

    def _note_unseen(self, name: str) -> None:
        """Note a module of the project that is compiled, or that is not loaded before a task imports it."""
        if name in sys.modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and not file.endswith(".py") and not is_foreign(name, file):
                self._unresolved.add(f"{name} is compiled ({os.path.basename(file)})")
            return
        top = name.partition(".")[0]
        if top in sys.modules or top in sys.stdlib_module_names:
            return
        from importlib.util import find_spec  # few tasks import what is not loaded yet

        spec = find_spec(top)
        if spec is not None and spec.origin and not is_foreign(top, spec.origin):
            self._unresolved.add(f"{name} is imported only when a task runs")

    def _value(self, place: _Place, name: str, value: object, rest: Chain) -> None:
        """Follow what is known by its value alone: a variable of an enclosing function, or of another cell."""
        from reflow.graph.current import (
            constant_text,  # most code is in files, where names say more than values
        )

        if isinstance(value, ModuleType):
            self._module(value.__name__, rest)
        elif isinstance(plain := unwrapped(value) if callable(value) else None, FunctionType):
            if not is_foreign(plain.__module__ or "", plain.__code__.co_filename):
                self._take_function(plain)
        elif isinstance(value, type) and _is_of_cell(value):
            self._class_of_cell(place, value)
        elif isinstance(value, type) and "<locals>" not in value.__qualname__:
            self._module(value.__module__, tuple(value.__qualname__.split(".")))
        elif (text := constant_text(value)) is not None:
            self._constant(place, name, text)
        elif not _is_of_reflow(value):
            self._unresolved.add(f"{_where(place)} takes {name}, a value of type {type(value).__qualname__}")

    def _constant(self, place: _Place, name: str, text: str) -> None:
        is_global = name not in place.cells
        label = f"{self._label(place.module)}:{name}" if is_global else f"{place.label}.{name}"
        hashed = digest("value", text).hex()
        if hashed not in (known := self._hashes.setdefault(label, [])):
            known.append(hashed)
        self._files[label] = self._file(place.module)

    def _class_of_cell(self, place: _Place, value: type) -> None:
        """Take a class as it is now: the cell that made it may not be the one that is looked at."""
        from reflow.graph.current import class_text, functions_of

        if value in self._classes:
            return
        self._classes.add(value)
        self._constant(place, value.__qualname__, class_text(value))
        for function in functions_of(value):
            self._value(place, function.__name__, function, ())
        for base in value.__bases__:
            self._value(place, base.__name__, base, ())

    def _take_function(self, function: Any) -> None:
        module = self._library.modules.of_function(function)
        if (node := _node_of(function, module)) is not None:
            self._take(module, function.__qualname__, node, _cells(function))


def _one(hashes: list[str]) -> str:
    return hashes[0] if len(hashes) == 1 else digest("code", hashes).hex()


def _is_of_cell(value: type) -> bool:
    """Whether a class was made in a notebook, or at a prompt."""
    return value.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")


def _is_of_reflow(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "reflow"


def _node_of(function: Any, module: Module) -> ast.stmt | None:
    code = function.__code__
    return module.parsed.function(code.co_name, code.co_firstlineno)


def _cells(function: Any) -> dict[str, object]:
    """Return the variables of enclosing functions that a function takes; those not set yet are left out."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


def _absolute(module: Module, name: str, level: int) -> str:
    if not level:
        return name
    package = module.package.split(".")
    kept = package[: len(package) - level + 1]
    return ".".join([*kept, name] if name else kept)


def _where(place: _Place, line: int = 0) -> str:
    name = place.label.partition(":")[2]
    return f"{name} in {os.path.basename(place.module.file)}{f':{line}' if line else ''}"
