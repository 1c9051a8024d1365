"""Plugins that are matched by type: verifiers and adapters, asked through pluggy only when a type is unknown."""

from __future__ import annotations

from collections.abc import Iterator

import pluggy

from reflow import hookspecs
from reflow.contracts.adapter import Adapter
from reflow.contracts.verifier import Verifier
from reflow.errors import PluginError
from reflow.registry.load import import_plugin
from reflow.registry.scan import FoundPlugin, find_plugins


class Hooks:
    """All plugins that can be imported, ready to be asked.

    Attributes:
        broken: What is wrong with each plugin that could not be used, by its name.
        modules: The modules of plugins that answered; a worker imports them instead of scanning.
    """

    def __init__(self, plugins: list[FoundPlugin] | None = None) -> None:
        self.broken: dict[str, str] = {}
        self.modules: list[str] = []
        self._manager = pluggy.PluginManager(hookspecs.GROUP)
        self._manager.add_hookspecs(hookspecs)
        for plugin in find_plugins() if plugins is None else plugins:
            self._register(plugin)

    def adapter(self, annotation: object) -> Adapter | None:
        """Return the adapter of the first plugin that has one for a type, or None."""
        for found, module in self._answers("reflow_adapter", annotation):
            if not isinstance(found, Adapter):
                raise PluginError(f"the answer to reflow_adapter must be an Adapter, not {found!r}")
            self.modules.append(module)
            return found
        return None

    def verifier(self, annotation: object, name: str = "") -> Verifier | None:
        """Return the verifier of the first plugin that has one for a type, by its name if one is named, or None."""
        for found, module in self._answers("reflow_verifier", annotation):
            if not isinstance(found, Verifier):
                raise PluginError(f"the answer to reflow_verifier must be a Verifier, not {found!r}")
            if name in ("", found.name):
                self.modules.append(module)
                return found
        return None

    def _answers(self, hook: str, annotation: object) -> Iterator[tuple[object, str]]:
        """Yield what each plugin has for a type, and its module."""
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            caller = self._manager.subset_hook_caller(hook, self._all_but(implementation.plugin))
            answer = caller(annotation=annotation)
            if answer is not None:
                yield answer, implementation.plugin_name

    def _all_but(self, plugin: object) -> list[object]:
        return [other for other in self._manager.get_plugins() if other is not plugin]

    def _register(self, plugin: FoundPlugin) -> None:
        try:
            module = import_plugin(plugin)
            self._manager.register(module, plugin.module)
            self._manager.check_pending()
        except PluginError as error:
            self.broken[plugin.name] = str(error)
        except ValueError:  # two names for one module: it is registered already
            pass
        except pluggy.PluginValidationError as error:
            self._manager.unregister(name=plugin.module)  # else every later one would be refused for it
            self.broken[plugin.name] = f"plugin {plugin.name!r} of {plugin.distribution}: {error}"


_hooks: Hooks | None = None


def hooks() -> Hooks:
    """Return the plugins of this process, loaded once."""
    global _hooks
    if _hooks is None:
        _hooks = Hooks()
    return _hooks


def find_adapter(annotation: object) -> Adapter | None:
    """Return the adapter for a type that reflow does not know, or None; the plugins are loaded at the first call."""
    return hooks().adapter(annotation)


def find_verifier(annotation: object, name: str) -> str | None:
    """Return the name of the verifier that a plugin has for a type, of this name if it is not empty, or None."""
    found = hooks().verifier(annotation, name)
    return None if found is None else found.name


def used_modules() -> list[str]:
    """Return the modules of plugins that answered in this process, each once; loads none."""
    return [] if _hooks is None else list(dict.fromkeys(_hooks.modules))
