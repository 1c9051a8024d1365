"""What a definition can take from outside: names of its module, imports of its own, and what nobody can follow."""

from __future__ import annotations

import ast
from typing import Any

from reflow.model.named_tuple import NamedTuple

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


class Finder(NamedTuple):
    """A call of a function that finds files.

    Attributes:
        stems: The parameters that what it looks through may be made of.
    """

    name: str
    line: int
    stems: frozenset[str] = frozenset()


class Taken(NamedTuple):
    """What one definition takes from outside.

    Attributes:
        chains: Names that it does not bind itself, in sorted order.
        imports: What it imports itself, by the name it is given.
        opaque: Names of functions that it calls to reach what no reader can tell, each with its line.
        finders: Where it looks for files.
    """

    chains: tuple[Chain, ...]
    imports: dict[str, Import]
    opaque: tuple[tuple[str, int], ...]
    finders: tuple[Finder, ...] = ()


def imports_of(node: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    """Return what an import statement gives a name to; ``*`` is left out.

    ``import a.b`` gives one to ``a``, and under its own stands what else it loads.
    """
    if isinstance(node, ast.ImportFrom):
        return {
            alias.asname or alias.name: Import(node.module or "", node.level, alias.name)
            for alias in node.names
            if alias.name != "*"
        }
    return {
        given: Import(alias.name if alias.asname else given)
        for alias in node.names
        for given in (alias.asname or alias.name.partition(".")[0], alias.asname or alias.name)
    }


def chain_of(node: ast.expr) -> Chain:
    """Return ``("a", "b")`` for ``a.b``; nothing for what does not start with a name."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else ()


_NONE: frozenset[Any] = frozenset()


class Scope:
    """The names of one scope: those it loads, those it binds, those that it says are another's.

    Attributes:
        loads: Names that are looked up here first.
        skipping: Names that functions within load, which do not see what a class binds.
        anywhere: Names of the module, whatever is bound here or around.
        bound: Names that it binds.
        of_module: Those of ``global``.
        of_function: Those of ``nonlocal``.
        around: Of a comprehension, the scope that it stands in.
        is_class: Whether it is part of the body of a class.
    """

    __slots__ = (
        "anywhere",
        "bound",
        "is_class",
        "loads",
        "of_function",
        "of_module",
        "skipping",
        "around",
    )

    def __init__(self, around: Scope | None = None, *, is_class: bool = False) -> None:
        self.loads: set[Chain] = set()
        self.bound: set[str] = set()
        self.skipping: frozenset[Chain] = _NONE  # most scopes have none of these
        self.anywhere: frozenset[Chain] = _NONE
        self.of_module: frozenset[str] = _NONE
        self.of_function: frozenset[str] = _NONE
        self.around = around
        self.is_class = is_class

    def bind_around(self, name: str) -> None:
        """Bind a name as ``:=`` does: outside of all comprehensions."""
        scope = self
        while scope.around is not None:
            scope = scope.around
        scope.bound.add(name)

    @property
    def taken(self) -> set[Chain]:
        """All that it loads, where nothing is around it."""
        return (
            self.loads.union(self.skipping, self.anywhere) if self.skipping or self.anywhere else self.loads
        )

    def leave_to(self, outer: Scope) -> None:
        """Give what is not bound here to the scope around."""
        bound = self.bound - self.of_function if self.of_function else self.bound
        free = {chain for chain in self.loads if chain[0] not in bound}
        if self.of_module:
            declared = {chain for chain in self.loads if chain[0] in self.of_module}
            outer.anywhere |= declared
            free -= declared
        if self.anywhere:
            outer.anywhere |= self.anywhere
        if outer.is_class:
            outer.skipping |= free
        else:
            outer.loads |= free

    def leave_body_to(self, outer: Scope, bound: set[str]) -> None:
        """Give what a statement of a class takes, but what the class has bound before, to the scope around it."""
        outer.anywhere |= self.anywhere
        free = {chain for chain in self.loads if chain[0] not in bound}.union(self.skipping)
        if outer.is_class:
            outer.skipping |= free
        else:
            outer.loads |= free
