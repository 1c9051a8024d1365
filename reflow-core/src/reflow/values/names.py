"""Names of types in stored values: ``module:Qual``, the same in the script and in its workers."""

from __future__ import annotations

import os
import sys
from typing import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

_STDIN = "<stdin>"  # what Python calls the file of a script that it read from there


def main_name() -> str:
    """Return the name under which the module that runs as ``__main__`` could be imported.

    ``__main__`` itself where there is no such name: a notebook, ``python -c``, a script from standard input, a
    process that reflow started.
    """
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if file is None or file == _STDIN or os.path.abspath(file).startswith(_PACKAGE):
        return "__main__"
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        name: str = spec.name
        return name
    stem: str = os.path.splitext(os.path.basename(file))[0]
    return stem.replace(".", "_")  # to Python, what stands before a dot is a package


def type_name(cls: type) -> str:
    """Return ``module:Qual`` of a class, with the real module's name for ``__main__``."""
    module = main_name() if cls.__module__ == "__main__" else cls.__module__
    return f"{module}:{cls.__qualname__}"


def loaded_type(name: str) -> Any:
    """Return the class of this name if its module is loaded already, else None: nothing is imported."""
    module, _, qualname = name.partition(":")
    found: Any = sys.modules.get("__main__" if module == main_name() else module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) and type_name(found) == name else None
