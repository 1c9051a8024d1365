"""What counts as the code of one task: hashes of definitions and values, by names that stay wherever its files are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from reflow.graph.library import Library
from reflow.graph.modules import Module
from reflow.graph.normal import Node
from reflow.graph.parsed import is_plain
from reflow.values.digests import digest

PART_SIZE = 16  #: letters of the hash of one definition, which only names what changed


class Counted:
    """What was counted so far for a task."""

    def __init__(self, library: Library, home: Module) -> None:
        """Begin with nothing.

        Args:
            home: The module of the task.
        """
        self._library = library
        self._home = home
        self._hashes: dict[str, list[str]] = {}  # by label: a name may have several
        self._modules: dict[str, Module] = {}
        self._definitions: dict[Node, tuple[str, int]] = {}  # with a name that stays when they are edited
        self._several: dict[Module, set[ast.stmt]] = {}  # that bind or change a name that others do too

    def __contains__(self, node: Node | None) -> bool:
        """Whether a definition is counted."""
        return node in self._definitions

    def label(self, module: Module, name: str) -> str:
        """Return the label of a name of a module: ``module:name``."""
        return f"{self.name_of(module)}:{name}"

    def name_of(self, module: Module) -> str:
        """Name a module so that it is the same in a script, in a package, and wherever these are."""
        if module is self._home or (module.is_cell and self._home.is_cell):
            return ""
        own = f"{self._home.package}."
        return module.name[len(own) - 1 :] if module.name.startswith(own) else module.name

    def definition(self, module: Module, label: str, node: Node, hashed: str) -> None:
        """Count a definition, once."""
        if node not in self._definitions:
            self.append(module, label, hashed)
            self._definitions[node] = label, len(self._hashes[label])

    def add(self, module: Module, label: str, hashed: str) -> None:
        """Count a hash, once for each label."""
        if hashed not in self._hashes.get(label, ()):
            self.append(module, label, hashed)

    def append(self, module: Module, label: str, hashed: str) -> None:
        """Count a hash once more: each closure of one function has its own."""
        self._hashes.setdefault(label, []).append(hashed)
        self._modules[label] = module

    def note_several(self, module: Module, statements: Iterable[ast.stmt]) -> None:
        """Note that a name has more than one value while its module is loaded; cells of a notebook are past that."""
        if not module.is_cell:
            self._several.setdefault(module, set()).update(statements)

    def count_orders(self) -> None:
        """Count in which order modules do what counts, where they give a name more than one value, or change it.

        So ``TOTAL = sum(L)`` behind ``L.append(5)`` is other code than before it.
        """
        for module, several in self._several.items():
            counted = [top for top in module.parsed.statements if top in self._definitions]
            done = [top for top in counted if top in several or not is_plain(top)]
            order = [self._definitions[top] for top in done]
            self.add(module, self.label(module, "order of statements"), digest("code", order).hex())

    def hash(self) -> str:
        """Return the hash of all."""
        return digest("code", sorted(self._hashes.items())).hex()

    def parts(self) -> dict[str, str]:
        """Return what that is made of: short hashes by ``file:name``."""
        files = {module: self._file(module) for module in set(self._modules.values())}
        return {
            f"{files[self._modules[label]]}:{label.partition(':')[2]}": one(hashes)[:PART_SIZE]
            for label, hashes in sorted(self._hashes.items())
        }

    def _file(self, module: Module) -> str:
        if module is self._home and not module.is_cell:
            return ""
        return self._library.seen_from(self._home, module)


def one(hashes: Sequence[str]) -> str:
    """Return one hash for several."""
    return hashes[0] if len(hashes) == 1 else digest("code", hashes).hex()
