"""The run's own copy of the source, made when it is submitted; `reflow.rundir.served` gives it to workers."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any

from reflow.errors import DefinitionError, RunDirError
from reflow.filesystem.files import make_directory, sync_directory
from reflow.filesystem.project import PLUGINS, is_project_file
from reflow.graph.unloaded import imported_later
from reflow.rundir.compiled import Kept, code_of, is_outdated, kept_of
from reflow.rundir.copies import NewCopies, read_text
from reflow.rundir.layout import RunPaths
from reflow.values.names import main_name

Modules = dict[str, dict[str, Any]]  #: by name; what run.json says under "modules"


def collect(paths: RunPaths, plugins: Collection[str] = ()) -> Modules:
    """Copy the project modules that are loaded now, and those that functions of these import.

    Returns what run.json is to say of them.

    Args:
        plugins: Modules of the plugins in use, which workers load as they are installed. Those that were only asked
            whether they are available are none of the project's either.

    Raises:
        DefinitionError: Python took an old compiled file for the present text of a module.
    """
    make_directory(paths.source)
    found: Modules = {}
    copies = NewCopies()
    texts: list[tuple[str, bytes]] = []
    for name, module in sorted(project_modules(plugins), key=lambda entry: entry[0]):
        if (entry := _describe(module)) is not None:
            is_kept = getattr(module, "__cached__", None) is not None
            if (text := _copy(copies, entry, is_loaded=is_kept)) is not None:
                texts.append((str(module.__dict__.get("__package__") or ""), text))
            found[name] = entry
    for later in imported_later(texts):
        if later.name not in found and later.name.partition(".")[0] not in _left_out(plugins):
            found[later.name] = entry = _entry(later.file, later.search)
            _copy(copies, entry, is_loaded=False)
    copies.write(paths)
    sync_directory(paths.source)
    return found


def _copy(copies: NewCopies, entry: dict[str, Any], *, is_loaded: bool) -> bytes | None:
    """Copy a module, and write down where; return its text, or None where it has none.

    Args:
        is_loaded: Whether this process has loaded it as modules are, from what Python keeps if that was there.

    Raises:
        DefinitionError: What was loaded was compiled from another text.
    """
    file = entry["file"]
    kept = kept_of(file) if file is not None else None  # before its text: so it is of no later one
    text = read_source(file)
    if text is not None:
        if is_loaded and kept is not None:
            _refuse_outdated(file, text, kept)
        entry |= copies.add(file, text, code_of(file, text, kept))
    return text


def loaded_since(modules: Modules, plugins: Collection[str]) -> dict[str, str]:
    """Return the project modules that are loaded now and were not when they were copied, with their files."""
    found = {}
    for name, module in project_modules(plugins):
        if name not in modules and (entry := _describe(module)) is not None and entry["file"]:
            found[name] = entry["file"]
    return found


def changed_files(paths: RunPaths, modules: Modules) -> list[str]:
    """Return the files that are not as the run's copies are; one that is gone is none of them."""
    return sorted(entry["file"] for entry in modules.values() if entry["copy"] and _is_changed(paths, entry))


def _is_changed(paths: RunPaths, entry: dict[str, Any]) -> bool:
    now = read_source(entry["file"])
    return now is not None and now != _copied(paths, entry)


def lost_copies(paths: RunPaths, modules: Modules) -> list[str]:
    """Return the files of which the run has a copy no more, or a damaged one."""
    copied = (entry for entry in modules.values() if entry["copy"])
    return sorted(entry["file"] for entry in copied if _copied(paths, entry) is None)


def _copied(paths: RunPaths, entry: dict[str, Any]) -> bytes | None:
    try:
        return read_text(paths, entry["copy"])
    except (OSError, RunDirError):
        return None


def _refuse_outdated(file: str, text: bytes, kept: Kept) -> None:
    """Refuse a module of which other code is loaded than its text is compiled to, and remove what that came from."""
    if not is_outdated(file, text, kept):
        return
    try:
        os.unlink(kept.path)
    except OSError:
        return
    raise DefinitionError(
        f"{file} was changed and has the time and the size that it had before, so that Python still took the old code\n"
        "the compiled file is removed now: type the same again"
    )


def project_modules(plugins: Collection[str]) -> Iterator[tuple[str, ModuleType]]:
    """Yield loaded modules but those of reflow and of plugins."""
    left_out = _left_out(plugins)
    return (entry for entry in _loaded() if entry[0].partition(".")[0] not in left_out)


def _left_out(plugins: Collection[str]) -> set[str]:
    return {"reflow", *PLUGINS, *(name.partition(".")[0] for name in plugins)}


def _loaded() -> list[tuple[str, ModuleType]]:
    modules = [(name, module) for name, module in list(sys.modules.items()) if name != "__main__"]
    main = sys.modules.get("__main__")
    if main is not None and (name := main_name()) != "__main__":
        modules = [entry for entry in modules if entry[0] != name] + [(name, main)]
    return modules


def _describe(module: object) -> dict[str, Any] | None:
    if not isinstance(module, ModuleType):
        return None
    said = module.__dict__  # a module may answer anything when it is asked for a name that it does not have
    spec, search = said.get("__spec__"), said.get("__path__")
    places = [os.path.abspath(place) for place in search] if search is not None else None
    file = said.get("__file__")
    if file is None:
        if not places or not all(map(is_project_file, places)) or getattr(spec, "origin", None) is not None:
            return None
        return {"file": None, "copy": None, "search": places}
    file = os.path.abspath(file)
    if not is_project_file(file):
        return None
    return _entry(file, places)


def _entry(file: str | None, places: list[str] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"file": file, "copy": None, "search": places}
    if file is not None and not _is_source(file):
        with contextlib.suppress(OSError):
            found = os.stat(file)
            entry["stamp"] = [found.st_size, found.st_mtime_ns]
    return entry


def read_source(file: str | None) -> bytes | None:
    """Return what a file with source holds; None where there is none."""
    if file is None or not _is_source(file):
        return None
    try:
        with open(file, "rb") as source:
            return source.read()
    except OSError:
        return None


def _is_source(file: str) -> bool:
    """Whether a file is read as text by Python: a script may do without an ending."""
    return os.path.splitext(file)[1] in (".py", "")
