"""What modules change while they are loaded: ``TABLE.append(x)``, ``config.RES = 1``, ``setup()``.

A statement that changes a global, of its own module or of another, counts with that global. What a call changes is told
from what it is given, and from what the functions of the project that it calls say.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable

from reflow.graph.changing import Changes, Changing
from reflow.graph.globals import EVERY, PACKAGES, UNSETTABLE, Globals, Key
from reflow.graph.methods import Methods
from reflow.graph.modules import Module, Modules
from reflow.model.named_tuple import NamedTuple


class Change(NamedTuple):
    """A statement of a module that changes a global, maybe of another one."""

    module: Module
    statement: ast.stmt


class Effects:
    """All that the loaded modules of the project change while they are loaded."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        globals_, methods = Globals(modules), Methods(modules)
        self._changing = Changing(globals_, methods, Changing(globals_, methods, None))
        self._changes: dict[Key, dict[Change, None]] = {}
        self._puts: dict[Key, list[Changes]] = {}  # what is changed where that is called which was put there
        self._runs: dict[Key, dict[Change, None]] = {}  # who calls what is there
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
        return self._found([(PACKAGES, package)], later)

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
            changes = self._changing.by_statement(module, node, statement)
            if changes.names or changes.runs:
                self._note(Change(module, statement), changes)
            if changes.names:
                self._note_put(changes.names, self._changing.by_what_was_put(module, node))

    def _note(self, change: Change, changes: Changes) -> None:
        """Keep what a statement changes, and what it changes where it calls what others have put into a global."""
        for key in changes.names:
            self._changes.setdefault(key, {})[change] = None
        for key in changes.runs:
            runners = self._runs.setdefault(key, {})
            if change not in runners:
                runners[change] = None
                for put in self._puts.get(key, ()):
                    self._note(change, put)

    def _note_put(self, keys: Iterable[Key], put: Changes) -> None:
        """Keep what is changed where that is called which a statement has put into globals, or may have."""
        for key in keys if put.names or put.runs else ():
            self._puts.setdefault(key, []).append(put)
            for runner in [*self._runs.get(key, ())]:
                self._note(runner, put)
