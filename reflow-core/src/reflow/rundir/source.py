"""The run's own copy of the source: collected when it is submitted, served to its workers.

A worker gets every project module under its own name and with its original file name, from the copy, so
that an edit after ``submit`` changes nothing. What it imports beyond the copy loads live, and is noted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NamedTuple

from reflow.filesystem.atomic import make_directory, read_bytes, sync_directory, write_new
from reflow.rundir.layout import RunPaths
from reflow.values.names import main_name

Modules = dict[str, dict[str, Any]]  #: by name; what run.json says under "modules"


def collect(paths: RunPaths, plugins: Collection[str] = ()) -> Modules:
    """Copy the project modules that are loaded now, and return what run.json is to say of them.

    Args:
        plugins: Modules of the plugins in use, which workers load as they are installed.
    """
    left_out = {"reflow", *(name.partition(".")[0] for name in plugins)}
    make_directory(paths.source)
    found: Modules = {}
    for name, module in sorted(_loaded(), key=lambda entry: entry[0]):
        if name.partition(".")[0] not in left_out and (entry := _describe(module)) is not None:
            text = _read_source(entry["file"])
            if text is not None:
                entry["copy"] = f"{len(found):04d}.py"
                write_new(os.path.join(paths.source, entry["copy"]), [text])
            found[name] = entry
    sync_directory(paths.source)
    return found


def _loaded() -> list[tuple[str, ModuleType]]:
    modules = [(name, module) for name, module in list(sys.modules.items()) if name != "__main__"]
    main = sys.modules.get("__main__")
    if main is not None and (name := main_name()) != "__main__":
        modules = [entry for entry in modules if entry[0] != name] + [(name, main)]
    return modules


def _describe(module: ModuleType) -> dict[str, Any] | None:
    if not isinstance(module, ModuleType):
        return None
    spec = getattr(module, "__spec__", None)
    search = getattr(module, "__path__", None)
    places = [os.path.abspath(place) for place in search] if search is not None else None
    file = getattr(module, "__file__", None)
    if file is None:
        if not places or not all(map(is_project_file, places)) or getattr(spec, "origin", None) is not None:
            return None
        return {"file": None, "copy": None, "search": places}
    file = os.path.abspath(file)
    if not is_project_file(file):
        return None
    entry: dict[str, Any] = {"file": file, "copy": None, "search": places}
    if not file.endswith(".py"):
        with contextlib.suppress(OSError):
            found = os.stat(file)
            entry["stamp"] = [found.st_size, found.st_mtime_ns]
    return entry


def _read_source(file: str | None) -> bytes | None:
    if file is None or not file.endswith(".py"):
        return None
    try:
        with open(file, "rb") as source:
            return source.read()
    except OSError:
        return None


def is_project_file(file: str) -> bool:
    """Whether a file is the user's own: not of Python's library, and not installed."""
    parts = file.split(os.sep)
    if "site-packages" in parts or "dist-packages" in parts:
        return False
    return not file.startswith(_library())


def _library() -> tuple[str, ...]:
    places = [os.path.dirname(os.path.abspath(os.__file__))]
    for prefix in {sys.prefix, sys.base_prefix}:
        places += [os.path.join(prefix, "lib"), os.path.join(prefix, "lib64")]
    return tuple(os.path.realpath(p) + os.sep for p in places) + tuple(p + os.sep for p in places)


class Served:
    """Serves the copy to this process, as the first finder that Python asks.

    Attributes:
        live: Project modules that were not in the copy, with the files that they came from.
    """

    def __init__(self, folder: str, modules: Mapping[str, Mapping[str, Any]]) -> None:
        self._folder = folder
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
            copy = os.path.join(self._folder, entry["copy"])
            is_package = entry["search"] is not None
            spec = ModuleSpec(name, _Loader(copy, entry["file"]), origin=entry["file"], is_package=is_package)
            spec.has_location = True
        if entry["search"] is not None:
            spec.submodule_search_locations = list(entry["search"])
        return spec

    def _note_if_live(
        self, name: str, path: Sequence[str] | None, entry: Mapping[str, Any] | None
    ) -> None:
        if name.partition(".")[0] == "reflow":
            return
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None or not os.path.isabs(spec.origin):
            return
        if is_project_file(spec.origin) and not _is_unchanged(spec.origin, entry):
            self.live[name] = spec.origin


def _is_unchanged(file: str, entry: Mapping[str, Any] | None) -> bool:
    """Whether a module that cannot be copied (a compiled one) is still the one that was loaded at submit."""
    if entry is None or file != entry["file"]:
        return False
    found = os.stat(file)
    return [found.st_size, found.st_mtime_ns] == entry.get("stamp")


class _Text(NamedTuple):
    copy: str
    file: str


class _Loader(_Text):
    """Loads one module from its copy, compiled under the name of the original."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        exec(compile(read_bytes(self.copy), self.file, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name: str) -> str:
        """Return the text, as `inspect` and tracebacks ask for it."""
        from importlib.util import decode_source

        return decode_source(read_bytes(self.copy))

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

        return FileReader(self)


def serve(paths: RunPaths, modules: Mapping[str, Mapping[str, Any]]) -> Served:
    """Serve the copy to this process from now on."""
    served = Served(paths.source, modules)
    sys.meta_path.insert(0, served)  # type: ignore[arg-type]  # Served.find_spec is all that is asked for
    return served
