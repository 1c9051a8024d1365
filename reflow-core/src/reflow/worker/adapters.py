"""The adapters and verifiers of the plugins that a run uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reflow.contracts.adapter import Adapter
    from reflow.values.shapes import Adapters


@cache
def plugin_adapters(modules: tuple[str, ...]) -> Adapters:
    """Return what finds the adapter of a type; the modules are imported when it is first asked."""

    def find(annotation: object) -> Adapter | None:
        found: Adapter | None = _plugins(modules).hook.reflow_adapter(annotation=annotation)
        return found

    return find


def offers(modules: tuple[str, ...], hook: str, annotation: object) -> Iterator[object]:
    """Yield what each of these plugins has for a type, in the order in which they are asked."""
    manager = _plugins(modules)
    plugins = manager.get_plugins()
    for implementation in reversed(getattr(manager.hook, hook).get_hookimpls()):
        caller = manager.subset_hook_caller(hook, plugins - {implementation.plugin})
        if (answer := caller(annotation=annotation)) is not None:
            yield answer


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
