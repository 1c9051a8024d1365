"""Serving the run's own copy of the source to its workers.

A worker gets every project module under its own name and with its original file name, from the copy, so
that an edit after ``submit`` changes nothing. What it imports beyond the copy loads live, and is noted.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec  # importlib.machinery re-exports them, and costs a millisecond
from _frozen_importlib_external import PathFinder
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

from reflow.rundir.copies import read_code, read_text
from reflow.rundir.layout import RunPaths


class EndOfDefinitions(BaseException):
    """Raised by ``submit()`` and ``cli()`` while a worker imports the flow: what follows is not for a worker."""


class Served:
    """Serves the copy to this process, as the first finder that Python asks.

    Attributes:
        live: Project modules that were not in the copy, with the files that they came from.
    """

    def __init__(
        self, paths: RunPaths, modules: Mapping[str, Mapping[str, Any]], plugins: Sequence[str] = ()
    ) -> None:
        self._paths = paths
        self._installed = {"reflow", *(name.partition(".")[0] for name in plugins)}
        self._modules = modules
        self.live: dict[str, str] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module of the copy is loaded; None leaves the name to Python's own finders."""
        entry = self._modules.get(name)
        if entry is None or (entry["file"] is not None and entry["copy"] is None):
            self._note_if_live(name, path, entry)
            return None
        if entry["file"] is None:
            spec = ModuleSpec(name, None, is_package=True)
        else:
            loader: Any = _Loader(self._paths, entry)
            is_package = entry["search"] is not None
            spec = ModuleSpec(name, loader, origin=entry["file"], is_package=is_package)
            spec.has_location = True
        if entry["search"] is not None:
            spec.submodule_search_locations = list(entry["search"])
        return spec

    def _note_if_live(self, name: str, path: Sequence[str] | None, entry: Mapping[str, Any] | None) -> None:
        if name.partition(".")[0] in self._installed:
            return
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None or not os.path.isabs(spec.origin):
            return
        from reflow.filesystem.project import is_project_file

        if is_project_file(spec.origin) and not _is_unchanged(spec.origin, entry):
            self.live[name] = spec.origin


def _is_unchanged(file: str, entry: Mapping[str, Any] | None) -> bool:
    """Whether a module that cannot be copied (a compiled one) is still the one that was loaded at submit."""
    if entry is None or file != entry["file"]:
        return False
    try:
        found = os.stat(file)
    except OSError:  # it is in an archive
        return False
    return [found.st_size, found.st_mtime_ns] == entry.get("stamp")


class _Loader:
    """Loads one module from its copy, compiled under the name of the original."""

    def __init__(self, paths: RunPaths, entry: Mapping[str, Any]) -> None:
        self._paths = paths
        self._entry = entry
        self.file: str = entry["file"]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, as far as where it submits a run or reads a command line itself."""
        with contextlib.suppress(EndOfDefinitions):
            exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> CodeType:
        """Return the module's code."""
        code = read_code(self._paths, self._entry["code"])
        if code is None:
            return compile(self._text(), self.file, "exec", dont_inherit=True)
        compiled: CodeType = marshal.loads(code)
        return compiled

    def get_source(self, name: str) -> str:
        """Return the text, as `inspect` and tracebacks ask for it."""
        from importlib.util import decode_source

        return decode_source(self._text())

    def _text(self) -> bytes:
        return read_text(self._paths, self._entry["copy"])

    def is_package(self, name: str) -> bool:
        """Whether it is a package."""
        return os.path.basename(self.file) == "__init__.py"

    def get_filename(self, name: str) -> str:
        """Return the original's file name."""
        return self.file

    @property
    def path(self) -> str:
        """The original's file name, as readers of data files beside it ask for it."""
        return self.file

    def get_data(self, path: str) -> bytes:
        """Return a data file's bytes, for `pkgutil`."""
        with open(path, "rb") as file:
            return file.read()

    def get_resource_reader(self, name: str) -> object:
        """Return what reads the data files of a package, for `importlib.resources`."""
        from importlib.readers import FileReader

        likeness: Any = self
        return FileReader(likeness)


def serve(paths: RunPaths, modules: Mapping[str, Mapping[str, Any]], plugins: Sequence[str] = ()) -> Served:
    """Serve the copy to this process from now on; modules of plugins load as they are installed."""
    served = Served(paths, modules, plugins)
    sys.meta_path.insert(0, served)
    return served
