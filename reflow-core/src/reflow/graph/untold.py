"""Where a walk through the code of a task comes to what cannot be told from it, in words for ``check -v``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import FunctionType

from reflow.graph.modules import Module, Modules, is_foreign
from reflow.graph.place import Place
from reflow.graph.riddles import told
from reflow.graph.unloaded import find_unloaded


class Untold:
    """What one walk has come to."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._said: set[str] = set()

    def said(self) -> tuple[str, ...]:
        """Return each place in words."""
        return tuple(sorted(self._said))

    def nested(self, place: Place, line: int) -> None:
        """Note a definition that could not be read."""
        self._said.add(f"{place.where(line)} is nested too deeply to be followed")

    def called(self, place: Place) -> None:
        """Note the functions that a definition calls and behind which anything can be."""
        self._said.update(f"{place.where(line)} {told(name)}" for name, line in place.taken.opaque)

    def name(self, place: Place, name: str) -> None:
        """Note a name that nothing binds; Python itself sets those with two underscores."""
        if not name.startswith("__"):
            self._said.add(f"{place.where()} takes {name}, which is not to be found")

    def attribute(self, module: Module, name: str) -> None:
        """Note a name that a module has, and does not bind where that can be seen."""
        if not name.startswith("__"):
            self._said.add(f"{os.path.basename(module.file)} does not show what {name} is")

    def value(self, place: Place, name: str, value: object) -> None:
        """Note a value that no text stands for."""
        self._said.add(f"{place.where()} takes {name}, a value of type {type(value).__qualname__}")

    def global_(self, module: Module, name: str) -> None:
        """Note a global that is an iterator: whoever goes through it, while modules are loaded or later, changes it."""
        if isinstance(module.namespace.get(name), Iterator):
            where = os.path.basename(module.file)
            self._said.add(f"{name} in {where} is an iterator, and nobody sees what is left of it")

    def function(self, function: FunctionType) -> None:
        """Note a function that does not stand where it should."""
        where = os.path.basename(function.__code__.co_filename)
        self._said.add(f"{function.__qualname__} in {where} is not to be found in its file")

    def wrapper(self, function: FunctionType, wrapper: object) -> None:
        """Note what a function is wrapped by where that is none of the project."""
        where = f"{function.__qualname__} in {os.path.basename(function.__code__.co_filename)}"
        self._said.add(f"{where} is wrapped by a value of type {type(wrapper).__qualname__}")

    def module(self, name: str) -> None:
        """Note a module of the project that is compiled, or not there."""
        if name in sys.modules:
            file = getattr(sys.modules[name], "__file__", None)
        else:
            found = find_unloaded(name)
            file = found.file if found is not None else None
            parent = name.rpartition(".")[0]
            if found is None and parent and self._modules.named(parent) is not None:
                self._said.add(f"{name} is not to be found")
        if file and not file.endswith(".py") and not is_foreign(name, file):
            self._said.add(f"{name} is compiled ({os.path.basename(file)})")
