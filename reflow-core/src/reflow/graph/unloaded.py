"""Modules of the project that functions import only when they are called: found and read, and never imported here."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from reflow.filesystem.project import is_project_file
from reflow.graph.named import every_node
from reflow.model.named_tuple import NamedTuple

#: what may be an import within a function, with what it names; compiled when it is first used
_WITHIN = rb"(?m)(?:^[ \t]+|[;:][ \t]*)(?:from[ \t]+([.\w]+)|import[ \t]+([^;#\n]+))"


class Unloaded(NamedTuple):
    """A module that is not loaded.

    Attributes:
        file: Where it is; None for a package that has no file of its own.
        search: Where its own modules are looked for; None when it is no package.
    """

    name: str
    file: str | None
    search: list[str] | None

    @property
    def package(self) -> str:
        """What its relative imports start from."""
        return self.name if self.search is not None else self.name.rpartition(".")[0]


def find_unloaded(name: str) -> Unloaded | None:
    """Return a module of the project that is not loaded; None for any other, and where there is none."""
    top = name.partition(".")[0]
    if name in sys.modules or top == "reflow" or top in sys.stdlib_module_names:
        return None
    parent = name.rpartition(".")[0]
    path = _search(parent) if parent else None
    if parent and path is None:
        return None
    spec = _spec(name, path)
    if spec is None:
        return None
    search = spec.submodule_search_locations
    places = None if search is None else [os.path.abspath(place) for place in search]
    if spec.origin is None:
        own = places and all(map(is_project_file, places))
        return Unloaded(name, None, places) if own else None
    if not os.path.isabs(spec.origin) or not is_project_file(spec.origin):
        return None
    return Unloaded(name, spec.origin, places)


def imported_later(texts: Iterable[tuple[str, bytes]]) -> Iterator[Unloaded]:
    """Yield the modules of the project that are not loaded, and that functions import, with those that these import.

    Args:
        texts: Of the modules that are loaded, each with what its relative imports start from.
    """
    waiting = [(package, text) for package, text in texts if _imports_within(text)]
    seen: set[str] = set()
    while waiting:
        package, text = waiting.pop()
        for name in _imported(package, text):
            if name in seen or name in sys.modules:
                continue
            seen.add(name)
            if (found := find_unloaded(name)) is None:
                continue
            yield found
            if found.file is not None and found.file.endswith(".py"):
                with suppress(OSError), open(found.file, "rb") as file:
                    waiting.append((found.package, file.read()))


def absolute(package: str, name: str, level: int) -> str:
    """Return the name of a module that is imported.

    Args:
        package: What relative imports start from.
        level: How many dots stand before the name.
    """
    if not level:
        return name
    above = package.split(".")
    kept = above[: len(above) - level + 1]
    return ".".join([*kept, name] if name else kept)


def modules_in(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    """Yield all that may be a module in what a statement imports, packages before what is in them.

    Args:
        package: What relative imports start from.
    """
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = absolute(package, node.module or "", node.level)
        names = [base, *(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")]
    for name in names:
        yield from with_packages(name)


def with_packages(name: str) -> Iterator[str]:
    """Yield the names of the packages that a module is in, and its own."""
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1) if name)


def _imports_within(text: bytes) -> bool:
    """Whether a function may import what is not of Python itself; most modules need not be parsed to tell."""
    found = re.findall(_WITHIN, text)
    names = [name.strip() for source, several in found for name in (source or several).split(b",")]
    tops = {re.split(rb"[.\s]", name)[0].decode(errors="replace") for name in names}
    return not tops <= sys.stdlib_module_names


def _imported(package: str, text: bytes) -> list[str]:
    """Return all that may be a module in what a text imports, packages before what is in them."""
    try:
        nodes = list(every_node(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    return list(dict.fromkeys(name for node in imports for name in modules_in(node, package)))


def _search(name: str) -> Sequence[str] | None:
    """Return where the modules of a package are looked for, None when it is none of the project."""
    if name not in sys.modules:
        found = find_unloaded(name)
        return None if found is None else found.search
    path = getattr(sys.modules[name], "__dict__", {}).get("__path__")  # a module may answer to any other name
    return list(path) if path is not None and all(map(is_project_file, path)) else None


def _spec(name: str, path: Sequence[str] | None) -> Any:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        with suppress(ImportError, ValueError, OSError):  # a finder that cannot tell
            if find is not None and (spec := find(name, path, None)) is not None:
                return spec
    return None
