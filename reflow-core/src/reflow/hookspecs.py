"""
The four hooks through which a plugin extends reflow.

Executors and stores are *chosen by name*: the entry point's name is the plugin's name, and reflow
imports that module only. Two of one name are an error.

Verifiers and adapters are *matched by type*: reflow shows an annotation, and the first plugin that
answers wins. The types that reflow knows itself are not asked for. A verifier is found by its name too, where
a task says ``verify="its-name"``: then the first answer of that name wins, whatever the type.

A plugin is a module that implements any of these, named by an entry point::

    [project.entry-points.reflow]
    flux = "reflow_flux"

An implementation asks only for the arguments it uses. A new argument therefore breaks no plugin;
``docs/explanation/compatibility.md`` says how one is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from reflow.contracts.adapter import Adapter
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store
    from reflow.contracts.verifier import Verifier

GROUP = "reflow"  #: the entry-point group, and pluggy's name for the project

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def reflow_executors() -> Iterable[type[Executor]]:
    """Offer executors; the user picks one by its ``name``."""
    return ()


@hookspec
def reflow_stores() -> Iterable[type[Store]]:
    """Offer stores; the user picks one by its ``name``, the scheme of its address."""
    return ()


@hookspec(firstresult=True)
def reflow_verifier(annotation: object) -> Verifier | None:
    """Return what checks a kept output of this type, or None to pass.

    Args:
        annotation: What the task returns, resolved: ``list[Path]``, never a string.
    """


@hookspec(firstresult=True)
def reflow_adapter(annotation: object) -> Adapter | None:
    """Return what turns values of this type into JSON and back, or None to pass.

    Args:
        annotation: A parameter's or a result's type, resolved and without its marker.
    """
