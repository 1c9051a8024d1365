"""What nobody can follow, and what finds files: told from the names that are called."""

from __future__ import annotations

import ast
import re

from reflow.graph.free_names import Chain, chain_of

_OPAQUE = frozenset(
    (
        "exec",
        "eval",
        "compile",
        "getattr",
        "globals",
        "locals",
        "__import__",
        "import_module",
        "run_path",
        "run_module",
        "environ",
        "getenv",
    )
)  #: functions behind which anything can be
_OPAQUE_ATTRIBUTES = frozenset(
    (
        "import_module",
        "run_path",
        "run_module",
        "exec_module",
        "__dict__",
        "__subclasses__",
        "environ",
        "getenv",
    )
)  #: attributes like these
MODULE_NAME = "__name__"  #: another one for who runs a file than for who imports it

_GETTERS = ("getattr", "setattr", "hasattr")
_FINDERS = frozenset(("glob", "iglob", "rglob", "iterdir", "listdir", "scandir"))
_WALK = ("os", "walk")
_QUERIES = ("query", "eval")
_READERS = (
    "open",
    "read_",
    "load",
    "safe_load",
    "genfromtxt",
)  #: how names of functions begin that read files


def is_opaque(name: str) -> bool:
    """Whether anything can be behind a function of this name."""
    return name in _OPAQUE


def is_opaque_attribute(names: Chain) -> bool:
    """Whether anything can be behind ``names[-1]``, an attribute, or behind one of those before it."""
    return not _OPAQUE_ATTRIBUTES.isdisjoint(names) or names[:2] == ("sys", "modules")


def told(name: str) -> str:
    """Say what a definition does that nobody can follow."""
    return f"asks for {name}, which is another one on workers" if name == MODULE_NAME else f"calls {name}"


def reader_name(call: ast.Call) -> str:
    """Return the name of a function that reads a file, with those before it; empty where a call is of none."""
    name = str(getattr(call.func, "attr", getattr(call.func, "id", "")))
    is_reader = name.startswith(_READERS) and name != "loads"
    return (".".join(chain_of(call.func)) or name) if is_reader else ""


def plain_getter(call: ast.Call) -> str:
    """Return ``getattr``, or what is like it, where the attribute is written down: no riddle; empty for other calls."""
    function = call.func
    if len(call.args) < 2 or not isinstance(function, ast.Name) or function.id not in _GETTERS:
        return ""
    return function.id if isinstance(call.args[1], ast.Constant) else ""


def finder_name(call: ast.Call) -> str:
    """Return the name of a function that finds files; empty where a call is of none."""
    function = call.func
    if isinstance(function, ast.Attribute):
        name = function.attr
        if name == "walk" and (not call.args or chain_of(function) == _WALK):  # a Path, or os
            return name
    else:
        name = function.id if isinstance(function, ast.Name) else ""
    return name if name in _FINDERS else ""


def names_in_query(call: ast.Call) -> list[str]:
    """Return the names that pandas and xarray look up for ``table.query("depth > @LIMIT")``."""
    if getattr(call.func, "attr", "") not in _QUERIES:
        return []
    said = [part for argument in (*call.args, *call.keywords) for part in ast.walk(argument)]
    texts = [part.value for part in said if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return [name for text in texts for name in re.findall(r"(?<![\w.])@([^\W\d]\w*)", text)]
