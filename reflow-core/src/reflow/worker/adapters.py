"""The adapters of the plugins that a run uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reflow.contracts.adapter import Adapter
    from reflow.values.shapes import Adapters


@cache
def plugin_adapters(modules: tuple[str, ...]) -> Adapters:
    """Return what finds the adapter of a type; the modules are imported when it is first asked."""

    def find(annotation: object) -> Adapter | None:
        found: Adapter | None = _plugins(modules).hook.reflow_adapter(annotation=annotation)
        return found

    return find


@cache
def _plugins(modules: tuple[str, ...]):  # type: ignore[no-untyped-def]  # pluggy is imported when needed only
    from importlib import import_module

    import pluggy

    from reflow import hookspecs

    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    for module in modules:
        manager.register(import_module(module))
    return manager
