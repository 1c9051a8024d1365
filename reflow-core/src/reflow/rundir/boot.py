"""The command lines of the processes that reflow starts; nothing of the user's data is on them."""

from __future__ import annotations

import os

_BOOT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "entry", "boot.py")


def boot_argv(python: str, root: str, command: str, *arguments: str) -> list[str]:
    """Return the command that starts a process of a run.

    Args:
        python: The interpreter that submitted it.
        root: The run's own directory.
        command: A module of `reflow.entry`: ``serve``, ``element`` or ``advance``.
    """
    return [python, "-I", _BOOT, command, root, *arguments]


def serve_argv(python: str, root: str) -> list[str]:
    """Return the command of a run's resident workers."""
    return boot_argv(python, root, "serve")
