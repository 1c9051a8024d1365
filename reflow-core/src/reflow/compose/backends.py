"""From settings to plugins, and to the places that they use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reflow.config.known_plugins import (
    BUILT_IN_EXECUTOR,
    DEFAULT_STORE,
    FALLBACK_EXECUTOR,
    SCHEDULERS,
    plugin_name,
    what_to_install,
)
from reflow.config.settings import Settings, executor_choice
from reflow.errors import (
    PluginError,
)

if TYPE_CHECKING:
    from reflow.contracts.backends import Backends
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store


AVAILABLE = "it is available"  #: why an executor was chosen that was asked already


def make_backends(
    settings: Settings, *, executor: Executor | str | None = None, store: Store | str | None = None
) -> Backends:
    """Return the executor and the store of a new run: those given, else those that the settings name.

    Raises:
        PluginError: There is no such plugin, or it cannot be imported.
    """
    from reflow.contracts.backends import Backends

    chosen, why, of_executor = _chosen_executor(settings, executor)
    kept, of_store = make_store(settings, store)
    modules = tuple(dict.fromkeys(module for module in (of_executor, of_store) if module))
    return Backends(chosen, kept, modules, why)


def make_store(settings: Settings, store: Store | str | None = None) -> tuple[Store, str]:
    """Return the store of an address, else the settings' one, and the module that brings it."""
    if store is not None and not isinstance(store, str):
        return store, type(store).__module__.partition(".")[0]
    from reflow.registry.load import Wish, load_store

    address = store or store_address(settings)
    scheme = plugin_name(address.partition("://")[0]) if "://" in address else DEFAULT_STORE
    made, module = load_store(Wish("store", scheme, what_to_install(scheme)))
    return made(address if "://" in address else os.path.abspath(os.path.expanduser(address))), module


def store_address(settings: Settings) -> str:
    """Return where the results of this user are kept."""
    if found := settings.text("store.url"):
        return found
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "reflow", "store.db")


def default_run_dir(settings: Settings, workflow: str) -> str:
    """Return the run directory of the settings, else ``./runs/<workflow>``."""
    return settings.text("defaults.run_dir") or os.path.join("runs", workflow)


def make_executor(name: str, options: dict[str, Any]) -> tuple[Executor, str]:
    """Return a new executor and the module that brings it; none for the built-in one."""
    if name == BUILT_IN_EXECUTOR:
        from reflow.inline import InlineExecutor

        return InlineExecutor(options), ""
    from reflow.registry.load import Wish, load_executor

    made, module = load_executor(Wish("executor", name, what_to_install(name), (BUILT_IN_EXECUTOR,)))
    return made(options), module


def executor_options(settings: Settings) -> dict[str, Any]:
    """Return what the settings say to executors; what they say nothing about is left out."""
    names = ("executor.workers", "executor.partition", "executor.account", "executor.qos")
    options: dict[str, Any] = {name.partition(".")[2]: settings.get(name) for name in names}
    options["dispatch"] = {
        name: value
        for name in ("mode", "partition", "account", "time", "mem")
        if (value := settings.get(f"dispatch.{name}"))
    }
    return {name: value for name, value in options.items() if value is not None}


def default_resources(settings: Settings) -> dict[str, Any]:
    """Return what tasks ask for that say nothing themselves; what the settings leave open is left out."""
    found = {name: settings.text(f"executor.{name}") for name in ("partition", "account", "qos")}
    return {name: value for name, value in found.items() if value is not None}


def _chosen_executor(settings: Settings, given: Executor | str | None) -> tuple[Executor, str, str]:
    if given is not None and not isinstance(given, str):
        return given, "as given", type(given).__module__.partition(".")[0]
    options = executor_options(settings)
    name, _, origin = executor_choice(settings)
    if given is not None:
        name, origin = plugin_name(given), "as given"
    if name is not None:
        made, module = make_executor(name, options)
        return made, f"from {origin}" if origin != "as given" else origin, module
    return _whichever_is_there(options)


def _whichever_is_there(options: dict[str, Any]) -> tuple[Executor, str, str]:
    """Return the first scheduler that answers, else the executor of this machine."""
    from reflow.registry.load import EXECUTOR, import_plugin, offered
    from reflow.registry.scan import find_plugins

    plugins = {plugin.name: plugin for plugin in find_plugins()}
    others = sorted(set(plugins) - {*SCHEDULERS, FALLBACK_EXECUTOR, DEFAULT_STORE})
    refusals = []
    for name in (*SCHEDULERS, *others):
        try:
            if name in plugins and any(
                getattr(c, "name", "") == name for c in offered(import_plugin(plugins[name]), EXECUTOR)
            ):
                made, module = make_executor(name, options)
                made.ask_ahead()
                if made.available() is None:
                    return made, AVAILABLE, module
                refusals.append(name)
        except PluginError:
            refusals.append(name)
    made, module = make_executor(FALLBACK_EXECUTOR, options)
    return (
        made,
        f"{' and '.join(refusals)} not available" if refusals else "no scheduler is installed",
        module,
    )
