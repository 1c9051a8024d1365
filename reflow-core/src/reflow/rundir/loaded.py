"""Whether the project's modules in this process are what their files say now, each loaded after what it takes from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from reflow.filesystem.project import is_project_file
from reflow.graph.unloaded import absolute
from reflow.model.named_tuple import NamedTuple
from reflow.rundir.source import project_modules, read_source

if TYPE_CHECKING:
    import ast


class _Seen(NamedTuple):
    """A module as it was first seen since it was loaded.

    Attributes:
        spec: `importlib.reload` gives a module another one.
        text: What its file held, as a number.
        turn: The number of the look at which that was.
    """

    spec: object
    text: int
    turn: int


class _Loaded(NamedTuple):
    module: ModuleType
    file: str
    text: bytes


_SEEN: dict[str, _Seen] = {}
_AGAIN: set[str] = set()  #: modules that were loaded again since they were first seen
_PLAIN = (bool, int, float, complex, str, bytes)


def outdated() -> list[str]:
    """Say of modules what is called here otherwise than as their files say now, and what to load again.

    It is known of what was loaded again, or edited, since this was first asked: a module that took something from
    another at its import goes on with that as it was.
    """
    modules = {name: found for name, module in project_modules(()) if (found := _loaded(module)) is not None}
    turn = max((seen.turn for seen in _SEEN.values()), default=0) + 1
    edited = [found.file for name, found in modules.items() if _is_edited(name, found, turn)]
    if edited:
        wrong = "has changed since it was loaded, and is called here as it was"
        return [f"{file} {wrong}: load it again, or start anew" for file in edited]
    if not _AGAIN:
        return []
    return [told for name, found in modules.items() for told in _taken_before(name, found, modules)]


def _loaded(module: ModuleType) -> _Loaded | None:
    file = module.__dict__.get("__file__")
    if not file or not is_project_file(file) or (text := read_source(file)) is None:
        return None
    return _Loaded(module, str(file), text)


def _is_edited(name: str, found: _Loaded, turn: int) -> bool:
    """Whether a file holds something else than when its module was first seen; note the module if that is now."""
    spec = found.module.__dict__.get("__spec__")
    seen = _SEEN.get(name)
    if seen is not None and seen.spec is spec:
        return seen.text != hash(found.text)
    if seen is not None:
        _AGAIN.add(name)
    _SEEN[name] = _Seen(spec, hash(found.text), turn)
    return False


# What modules take from each other when they are imported


class _Taken(NamedTuple):
    """Something of another module; without a name it may be anything."""

    module: str
    name: str = ""
    bound: str = ""


def _taken_before(name: str, found: _Loaded, modules: dict[str, _Loaded]) -> Iterator[str]:
    """Yield of which modules one holds something as it was before these were loaded again, in words."""
    for other in dict.fromkeys(
        taken.module for taken in _taken(name, found) if _is_older(name, found, taken, modules)
    ):
        yield (
            f"{found.file} took names from {modules[other].file} before that was loaded again, and calls them as they "
            f"were: load it again, too, after {other}, or start anew"
        )


def _is_older(name: str, found: _Loaded, taken: _Taken, modules: dict[str, _Loaded]) -> bool:
    if taken.module not in _AGAIN or taken.module not in modules or taken.module == name:
        return False
    own, other = _SEEN[name].turn, _SEEN[taken.module].turn
    if own != other or not taken.bound:
        return own < other
    there = modules[taken.module].module.__dict__.get(taken.name)
    here = found.module.__dict__.get(taken.bound)
    return here is not there and not (type(here) in _PLAIN and type(here) is type(there) and here == there)


def _taken(name: str, found: _Loaded) -> Iterator[_Taken]:
    """Yield what a module takes from others when it is imported, not what its functions take when they are called."""
    import ast

    imports, used, rebound = _said(found)
    package = str(found.module.__dict__.get("__package__") or "")
    for node in imports:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name.partition(".")[0]) in used:
                    yield _Taken(alias.name)
        else:
            source = absolute(package, node.module or "", node.level)
            for alias in node.names:
                bound = alias.asname or alias.name
                if f"{source}.{alias.name}" not in sys.modules:
                    yield _Taken(source, *((alias.name, bound) if bound not in {*rebound, "*"} else ()))
                elif bound in used:
                    yield _Taken(f"{source}.{alias.name}")


class _Said(NamedTuple):
    """What the text of a module says of names while it is imported; nothing, where it is no Python.

    Attributes:
        imports: Statements.
        used: Names that are looked up.
        rebound: Names that are bound by anything but an import.
    """

    imports: list[ast.Import | ast.ImportFrom]
    used: set[str]
    rebound: set[str]


_SAID: dict[str, tuple[bytes, _Said]] = {}  #: by file, with the text that it was read from


def _said(found: _Loaded) -> _Said:
    """Return what a module says, read once in a process as long as its text stays the same."""
    known = _SAID.get(found.file)
    if known is None or known[0] != found.text:
        known = _SAID[found.file] = found.text, _read(found.text)
    return known[1]


def _read(text: bytes) -> _Said:
    import ast

    try:
        nodes = list(_at_import(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _Said([], set(), set())
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    rebound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    rebound |= {str(getattr(node, "name", "")) for node in nodes if isinstance(node, ast.stmt)}
    return _Said(imports, {node.id for node in names if isinstance(node.ctx, ast.Load)}, rebound)


def _at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all that is looked at when a module is imported: everything but the bodies of functions."""
    import ast

    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for field, value in ast.iter_fields(node):
            if not (is_function and field == "body"):
                waiting += [
                    one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)
                ]
