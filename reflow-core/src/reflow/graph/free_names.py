"""What a definition can take from outside: names of its module, imports of its own, and what nobody can follow."""

from __future__ import annotations

import ast
from typing import NamedTuple

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


class Scope:
    """The names of one scope: those it loads, those it binds, those that it says are global."""

    __slots__ = ("bound", "declared", "loads")

    def __init__(self) -> None:
        self.loads: set[Chain] = set()
        self.bound: set[str] = set()
        self.declared: set[str] = set()

    def leave_to(self, outer: Scope) -> None:
        """Give what is not bound here to the scope around."""
        hidden = self.bound - self.declared
        outer.loads |= {chain for chain in self.loads if chain[0] not in hidden}
