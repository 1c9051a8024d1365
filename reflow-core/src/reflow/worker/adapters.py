"""The adapters and verifiers of the plugins that a run uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reflow.contracts.adapter import Adapter


def find_adapter(modules: tuple[str, ...], annotation: object) -> Adapter | None:
    """Return the adapter of a type, if one of these plugins has one."""
    found: Adapter | None = _plugins(modules).hook.reflow_adapter(annotation=annotation)
    return found


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
