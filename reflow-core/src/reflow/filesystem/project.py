"""Which files are the user's own."""

from __future__ import annotations

import os
import sys
from functools import cache

#: top packages of the plugins that this process loaded as such, which may be installed in place (``pip install -e``)
PLUGINS: set[str] = set()
STDLIB = os.path.dirname(os.__file__) + os.sep  #: told at once; to resolve links takes dozens of calls


def is_project_file(file: str) -> bool:
    """Whether a file is the user's own: not of Python's library, and not installed."""
    if file.startswith(STDLIB):
        return False
    parts = file.split(os.sep)
    if "site-packages" in parts or "dist-packages" in parts:
        return False
    return not file.startswith(_library())


@cache
def _library() -> tuple[str, ...]:
    places = [os.path.dirname(os.path.abspath(os.__file__))]
    for prefix in {sys.prefix, sys.base_prefix}:
        places += [os.path.join(prefix, "lib"), os.path.join(prefix, "lib64")]
    return tuple(os.path.realpath(p) + os.sep for p in places) + tuple(p + os.sep for p in places)
