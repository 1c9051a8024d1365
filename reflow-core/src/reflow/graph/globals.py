"""Which globals of the project, and which installed packages, a name stands for."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

from reflow.graph.bodies import Body
from reflow.graph.classes import bases_of, shares
from reflow.graph.free_names import Chain, Import, chain_of, imports_of
from reflow.graph.modules import Module, Modules, is_of_reflow
from reflow.graph.normal import FUNCTIONS
from reflow.graph.parsed import IMPORTS
from reflow.graph.roots import CALLED, OWN_MODULE, names_in_arguments, of_origin, origins_of
from reflow.model.named_tuple import NamedTuple

BUILTINS = "builtins"  #: the module of which all see all names

EVERY = "*"  #: stands for all globals of a module
PACKAGES = ""  #: stands where a key has a file, before the name of an installed package
_ANYWHERE = (
    ("sys", "modules"),
    ("importlib", "import_module"),
)  #: any module of the project may be behind them

NOTHING = Body(ast.Pass())  #: of which nothing is local

Key = tuple[str, str]  # the file of a module, and a name of it
_Met = tuple[str, Chain]  # what was looked at on the way: names may stand for one another


class Global(NamedTuple):
    """A global of the project that a name stands for.

    Attributes:
        rest: The attributes of it that are meant; None where it is what the other is a part of, or was made of.
    """

    module: Module
    name: str
    rest: Chain | None


UNSETTABLE = sys.stdlib_module_names - {
    "decimal",
    "locale",
    "random",
}  #: which nobody sets up for what follows


class Globals:
    """The globals of the project, by the names that stand for them."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._known: dict[_Met, list[Global]] = {}

    def of(self, module: Module, body: Body, chain: Chain, seen: set[_Met] | None = None) -> Iterator[Global]:
        """Yield the globals that a name in a body stands for, each with its module."""
        if chain == OWN_MODULE:
            yield Global(module, EVERY, ())
        elif chain[:2] == OWN_MODULE:
            yield from self._named(module, chain[2:], set() if seen is None else seen)
        elif chain[0] in body.imports:
            target = body.imports[chain[0]]
            yield from self._imported(module, target, chain[1:], set() if seen is None else seen)
        elif seen is not None:
            yield from self._of_module(module, chain, seen)
        else:
            key = (module.file, chain)
            if key not in self._known:
                self._known[key] = [*self._of_module(module, chain, set())]
            yield from self._known[key]

    def _of_module(self, module: Module, chain: Chain, seen: set[_Met]) -> Iterator[Global]:
        if not names_of_reflow(module, chain):
            yield from self._named(module, chain, seen)

    def is_own(self, module: Module, target: Import) -> bool:
        """Whether what is imported is of the project."""
        name = module.absolute(target.module, target.level)
        return (
            self._modules.named(name) is not None or self._modules.named(f"{name}.{target.name}") is not None
        )

    def packages(self, module: Module, body: Body, chain: Chain, *, is_set: bool = False) -> Iterator[str]:
        """Yield the packages that are not of the project and that a name stands for, or of which it stands for a part.

        Args:
            is_set: Whether an attribute of it is set, which counts in those that nobody sets up, too.
        """
        bindings = module.parsed.bindings.get(chain[0], ())
        found = [imports_of(leaf)[chain[0]] for leaf, _ in bindings if isinstance(leaf, IMPORTS)]
        for target in [body.imports[chain[0]]] if chain[0] in body.imports else found:
            package = module.absolute(target.module, target.level).partition(".")[0]
            if (is_set or package not in UNSETTABLE) and self._modules.named(package) is None:
                yield package
        if is_set and chain[0] == f"__{BUILTINS}__":
            yield BUILTINS

    def _named(self, module: Module, chain: Chain, seen: set[_Met]) -> Iterator[Global]:
        key = (module.file, chain)
        if key in seen:
            return
        seen.add(key)
        for leaf, _ in module.parsed.bindings.get(chain[0], ()):
            if isinstance(leaf, IMPORTS):
                yield from self._imported(module, imports_of(leaf)[chain[0]], chain[1:], seen)
                continue
            is_called = chain[1:2] == (CALLED,)
            if is_called and isinstance(leaf, ast.ClassDef):
                yield from self._shared_by_made(module, leaf, chain[2:])
                continue
            yield Global(module, chain[0], chain[1:])
            for origin in (*_origins(leaf, chain), *self._held(module, leaf)):
                yield from _parts(self.of(module, NOTHING, origin, seen))
            if is_called and isinstance(leaf, FUNCTIONS):
                yield from _parts(self._returned(module, Body(leaf), seen))
        for star, _ in module.parsed.stars:
            other = self._modules.named(module.absolute(star.module or "", star.level))
            if other is not None:
                yield from self._named(other, chain, seen)

    def lineage(self, module: Module, node: ast.ClassDef) -> Iterator[tuple[Module, ast.ClassDef]]:
        """Yield a class, and those of the project that it is made from."""
        waiting, seen = [(module, node)], set[ast.ClassDef]()
        for home, parent in waiting:
            if parent in seen:
                continue
            seen.add(parent)
            yield home, parent
            for chain in bases_of(parent):
                for other, name, rest in self.of(home, NOTHING, chain) if chain else ():
                    bound = other.parsed.bindings.get(name, ()) if rest == () else ()
                    waiting += [(other, leaf) for leaf, _ in bound if isinstance(leaf, ast.ClassDef)]

    def _shared_by_made(self, module: Module, node: ast.ClassDef, attributes: Chain) -> Iterator[Global]:
        """Yield the classes that an object shares a list or the like with; all else that it has is new."""
        for home, parent in self.lineage(module, node):
            if shares(parent, attributes):
                yield Global(home, parent.name, None)

    def _held(self, module: Module, leaf: ast.stmt) -> list[Chain]:
        """Return the names of what an object of the project was given when it was made, or a class derived from."""
        value = getattr(leaf, "value", None)
        if not isinstance(value, ast.Call):
            return []
        if self._is_class(module, chain_of(value.func)):
            return names_in_arguments(value)
        return [chain for chain in names_in_arguments(value) if self._is_class(module, chain)]

    def _is_class(self, module: Module, chain: Chain, seen: tuple[_Met, ...] = ()) -> bool:
        """Whether a name stands for a class of the project; what it was made of is not looked at."""
        met = (module.file, chain)
        if not chain or met in seen:
            return False
        imports = [leaf for leaf, _ in module.parsed.bindings.get(chain[0], ()) if isinstance(leaf, IMPORTS)]
        targets = [imports_of(leaf)[chain[0]] for leaf in imports]
        places = [self._place(module, target, chain[1:]) for target in targets]
        places += [
            self._place(module, Import(star.module or "", star.level), chain)
            for star, _ in module.parsed.stars
        ]
        return any(
            isinstance(leaf, ast.ClassDef) for leaf, _ in module.parsed.bindings.get(chain[0], ())
        ) or any(other is not None and self._is_class(other, rest, (*seen, met)) for other, rest in places)

    def _returned(self, module: Module, body: Body, seen: set[_Met]) -> Iterator[Global]:
        """Yield the globals of which a function returns a part."""
        for chain in body.beyond(body.returned):
            if chain[0] not in body.parameters:
                yield from self.of(module, body, chain, seen)

    def _imported(self, module: Module, target: Import, rest: Chain, seen: set[_Met]) -> Iterator[Global]:
        name = module.absolute(target.module, target.level)
        if (name, *((target.name, *rest) if target.name else rest)[:1]) in _ANYWHERE:
            yield from (Global(one, EVERY, ()) for one in self._modules.loaded())
        other, attributes = self._place(module, target, rest)
        if other is None:
            return
        if attributes and attributes[0] != "__dict__":
            yield from self._named(other, attributes, seen)
        else:
            yield Global(other, EVERY, ())

    def _place(self, module: Module, target: Import, rest: Chain) -> tuple[Module | None, Chain]:
        """Return the module of the project that is imported, None for any other, and the attributes of it."""
        name = module.absolute(target.module, target.level)
        attributes = (target.name, *rest) if target.name else rest
        while attributes and (below := self._modules.below(name, attributes[0])):
            name, attributes = below, attributes[1:]
        return self._modules.named(name), attributes


def _origins(leaf: ast.stmt, chain: Chain) -> Iterator[Chain]:
    """Yield the names of what a statement makes a name, or an attribute of a class, another name of.

    A class stands for those that it is made from too: what it does not have itself, it has from them.
    """
    if not isinstance(leaf, ast.ClassDef):
        yield from (of_origin(origin, chain) for origin in origins_of(leaf, chain[0]))
        return
    yield from ((*base, *chain[1:]) for base in bases_of(leaf) if base)
    for statement in leaf.body if len(chain) > 1 else ():
        yield from origins_of(statement, chain[1])


def _parts(found: Iterable[Global]) -> Iterator[Global]:
    return (one._replace(rest=None) for one in found)


def names_of_reflow(module: Module, chain: Chain) -> bool:
    """Whether a name stands for what a class of reflow made."""
    return bool(chain) and is_of_reflow(module.namespace.get(chain[0]))
