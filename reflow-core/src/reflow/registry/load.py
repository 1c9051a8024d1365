"""Loading the one plugin that is asked for by name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, cast

from reflow.define.names import nearest
from reflow.errors import PluginError
from reflow.filesystem.project import PLUGINS
from reflow.model.named_tuple import NamedTuple
from reflow.registry.scan import FoundPlugin, find_plugin, find_plugins

if TYPE_CHECKING:
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store

EXECUTOR, STORE = "executor", "store"
_HOOKS = {EXECUTOR: "reflow_executors", STORE: "reflow_stores"}


class Wish(NamedTuple):
    """A plugin that is asked for.

    Attributes:
        kind: ``executor`` or ``store``.
        package: The package that is known to bring it, for the message when it is not there.
        built_in: Names of this kind that need no plugin, for the same message.
    """

    kind: str
    name: str
    package: str | None = None
    built_in: tuple[str, ...] = ()


def load_executor(wish: Wish) -> tuple[type[Executor], str]:
    """Return the executor of a name and the module that brings it.

    Raises:
        PluginError: There is none, there are two, or its module cannot be imported.
    """
    found, module = _load(wish)
    return cast("type[Executor]", found), module


def load_store(wish: Wish) -> tuple[type[Store], str]:
    """Return the store whose addresses begin with a scheme, and the module that brings it.

    Raises:
        PluginError: There is none, there are two, or its module cannot be imported.
    """
    found, module = _load(wish)
    return cast("type[Store]", found), module


def import_plugin(plugin: FoundPlugin) -> ModuleType:
    """Import the module of a plugin.

    Raises:
        PluginError: It cannot be imported, for whatever reason.
    """
    PLUGINS.add(plugin.module.partition(".")[0])
    try:
        return importlib.import_module(plugin.module)
    except Exception as error:  # a plugin may raise anything; it must hurt nobody else
        raise PluginError(
            f"plugin {plugin.name!r} of {plugin.distribution} cannot be imported: "
            f"{type(error).__name__}: {error}; update or uninstall {plugin.distribution}"
        ) from error


def offered(module: object, kind: str) -> list[type]:
    """Return the classes that a plugin's module offers of a kind (``executor`` or ``store``)."""
    hook = getattr(module, _HOOKS[kind], None)
    return list(cast("Iterable[type]", hook())) if callable(hook) else []


def _load(wish: Wish) -> tuple[type, str]:
    plugin = find_plugin(wish.name)
    if plugin is None:
        raise PluginError(_missing(wish))
    module = import_plugin(plugin)
    for candidate in offered(module, wish.kind):
        if getattr(candidate, "name", None) == wish.name:
            return candidate, plugin.module
    raise PluginError(
        f"plugin {wish.name!r} of {plugin.distribution} brings no {wish.kind} of that name ({_installed(wish)})"
    )


def _missing(wish: Wish) -> str:
    near = nearest(wish.name, _names(wish))
    remedy = (
        f"; try: pip install {wish.package}" if wish.package else f"; did you mean {near!r}?" if near else ""
    )
    return f"no {wish.kind} is called {wish.name!r} ({_installed(wish)}){remedy}"


def _installed(wish: Wish) -> str:
    return f"installed: {', '.join(_names(wish)) or 'none'}"


def _names(wish: Wish) -> list[str]:
    names = set(wish.built_in)
    for plugin in find_plugins():
        try:
            names.update(c.name for c in offered(import_plugin(plugin), wish.kind) if hasattr(c, "name"))
        except Exception:  # a broken plugin is no reason to say less about the others
            continue
    return sorted(names)
