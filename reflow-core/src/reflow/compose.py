"""The one place that picks plugins and finds runs, from settings."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from reflow.config.keys import KEYS
from reflow.config.known_plugins import (
    BUILT_IN_EXECUTOR,
    DEFAULT_STORE,
    FALLBACK_EXECUTOR,
    SCHEDULERS,
    plugin_name,
    what_to_install,
)
from reflow.config.settings import TYPED, Settings, executor_choice, load_settings
from reflow.errors import (
    ConfigError,
    OutOfReach,
    PluginError,
    ReflowError,
    RunDirError,
    StoreError,
    UnknownRun,
)
from reflow.run.find import NEWEST, resolve
from reflow.run.opened import OpenRun
from reflow.rundir.layout import list_runs, run_paths
from reflow.rundir.runfile import read_run

if TYPE_CHECKING:
    from reflow.contracts.backends import Backends
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store
    from reflow.graph.definition import Definition
    from reflow.graph.model import Given, Graph
    from reflow.run.submit import SubmitRequest


class KnownRun(NamedTuple):
    """A run that was found, not opened yet.

    Attributes:
        created: Milliseconds since 1970.
        listed: Whether its id alone leads to it, by the user's list of runs.
    """

    run_id: str
    run_dir: str
    created: int
    listed: bool = True

    @property
    def workflow(self) -> str:
        """The workflow that its id names."""
        return self.run_id.rsplit("-", 2)[0]


AVAILABLE = "it is available"  #: why an executor was chosen that was asked already


# Plugins


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


def submit_request(
    workflow: Definition,
    settings: Settings,
    given: Given,
    *,
    run_dir: str | None = None,
    executor: Executor | str | None = None,
    store: Store | str | None = None,
    force: bool = False,
    force_tasks: tuple[str, ...] = (),
    verify: bool = False,
    dry_run: bool = False,
) -> SubmitRequest:
    """Return all that a new run of a workflow is made from; what is not given comes from the settings.

    Raises:
        PluginError: There is no such executor or store.
        OutOfReach: The executor that was asked for cannot be used here; with ``dry_run`` it need not.
    """
    from reflow.run.submit import SubmitRequest

    backends = make_backends(settings, executor=executor, store=store)
    python = settings.text("executor.python")
    if python is not None and not dry_run and not os.access(python, os.X_OK):
        raise ConfigError(
            f"executor.python is {python!r}, and no program is there; see where that comes from: reflow config show"
        )
    if not dry_run and backends.why != AVAILABLE and (refusal := backends.executor.available()):
        raise OutOfReach(
            f"executor {backends.executor.name!r} cannot be used here: {refusal}; try: --executor local"
        )
    graph = submit_graph(workflow, settings)
    return SubmitRequest(
        graph=graph,
        code=code_parts(workflow),
        entry=workflow.locate(),
        parameters=given.parameters,
        secrets=given.secrets,
        run_dir=os.path.abspath(os.path.expanduser(run_dir or default_run_dir(settings, workflow.name))),
        backends=backends._replace(modules=_with_used(backends.modules)),
        force=force,
        force_tasks=force_tasks,
        verify=verify,
        cwd=os.getcwd(),
        python=python,
        defaults=default_resources(settings),
    )


def submit_graph(workflow: Definition, settings: Settings) -> Graph:
    """Return the graph of a new run: with hashes of code, and what the settings say of tasks that say nothing."""
    graph = workflow.graph(hashes=True)
    code = settings.text("defaults.code") or ""
    if code == KEYS["defaults.code"].default:
        return graph
    nodes = {name: node._replace(code=node.code or code) for name, node in graph.tasks.items()}
    return graph._replace(tasks=nodes)


def code_parts(workflow: Definition) -> dict[bytes, str]:
    """Return what the hashes of a workflow's code are made of, as the store keeps it."""
    from reflow.model.digest import canonical

    return {
        bytes.fromhex(code.hash): canonical(code.parts) for code in workflow.codes().values() if code.hash
    }


def _with_used(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Return modules with those of the plugins that the graph needs: for its types, and for its verifiers."""
    hooks = sys.modules.get(
        "reflow.registry.hooks"
    )  # loaded where a plugin was asked only: pluggy takes its time
    return modules if hooks is None else tuple(dict.fromkeys([*modules, *hooks.used_modules()]))


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


# Runs


def open_run(
    reference: str = NEWEST,
    *,
    run_dir: str | None = None,
    settings: Settings | None = None,
    workflow: str | None = None,
) -> OpenRun:
    """Open the run that a text means: its id, a unique part of it, or ``@last``.

    Args:
        run_dir: Where to look, and nowhere else; the user's store is not needed then.
        workflow: Whose runs are meant first; ``@last`` means the newest of these only.

    Raises:
        UnknownRun: None is meant, or several are.
        OutOfReach: The list of runs or the run cannot be read.
    """
    settings = settings or load_settings()
    known, trouble = _known_runs(settings, workflow, run_dir)
    place = run_dir or store_address(settings)
    own = [run for run in known if workflow is None or run.workflow == workflow]
    try:
        found = _meant(reference, own, place)
    except UnknownRun as error:
        others = [run for run in known if run not in own]
        if reference == NEWEST or not any(reference in run.run_id for run in others):
            raise trouble or error from None
        found = _meant(reference, others, place)
    return open_known(found, settings)


def open_known(known: KnownRun, settings: Settings) -> OpenRun:
    """Open a run that was found.

    Raises:
        RunDirError: Its directory is gone, or out of reach.
    """
    paths = run_paths(known.run_dir, known.run_id)
    try:
        info = read_run(paths)
    except UnknownRun as error:
        raise _gone(known) from error
    store, _ = make_store(settings, str(info["store"]))

    def executor() -> Executor:
        options = dict(info["executor"]["options"])
        if workers := settings.get("executor.workers"):
            options["workers"] = workers
        return make_executor(info["executor"]["name"], options)[0]

    return OpenRun(paths, info, store, executor, listed=known.listed)


def known_runs(
    settings: Settings, *, workflow: str | None = None, run_dir: str | None = None
) -> list[KnownRun]:
    """Return the runs of a workflow, or all, newest first.

    Raises:
        OutOfReach: The list of runs cannot be read.
    """
    known, trouble = _known_runs(settings, workflow, run_dir)
    if trouble is not None:
        raise trouble
    return [run for run in known if workflow is None or run.workflow == workflow]


def active_runs(settings: Settings, *, workflow: str, run_dir: str | None = None) -> list[str]:
    """Return the ids of a workflow's runs that are not over, newest first."""
    from reflow.run.opened import ledger_is_there

    active = []
    for known in known_runs(settings, workflow=workflow, run_dir=run_dir):
        try:
            run = open_known(known, settings)
        except ReflowError:
            continue
        if ledger_is_there(run) and not run.ledger.overview().state.is_over:
            active.append(known.run_id)
        run.close()
    return active


def _meant(reference: str, runs: list[KnownRun], place: str) -> KnownRun:
    if reference == NEWEST:
        for run in runs:
            if os.path.exists(run_paths(run.run_dir, run.run_id).run_json):
                return run
        if runs:
            raise _gone(runs[0])
        raise UnknownRun(f"there is no run yet in {place}; start one with: submit")
    run_id = resolve(reference, [run.run_id for run in runs], place)
    return next(run for run in runs if run.run_id == run_id)


def _gone(known: KnownRun) -> RunDirError:
    return RunDirError(
        f"run {known.run_id} was made in {known.run_dir}, and is not there now\n"
        "is that directory out of reach here, or was it deleted? then submit again"
    )


def _known_runs(
    settings: Settings, workflow: str | None, run_dir: str | None
) -> tuple[list[KnownRun], StoreError | None]:
    """Return all runs that can be found, newest first, and why the user's list of runs could not be read."""
    if run_dir is not None:
        return _runs_in(run_dir), None
    listed: list[KnownRun] = []
    trouble = None
    try:
        listed = _listed_runs(settings)
    except StoreError as error:
        trouble = error
    found = {run.run_id: run for run in listed}
    if workflow is not None:
        try:
            for run in _runs_in(default_run_dir(settings, workflow)):
                found.setdefault(run.run_id, run)
        except RunDirError:  # nobody asked for that directory
            pass
    return sorted(found.values(), key=lambda run: (run.created, run.run_id), reverse=True), trouble


def _listed_runs(settings: Settings) -> list[KnownRun]:
    store, _ = make_store(settings)
    by_id = settings.origin("store.url") != TYPED  # the list is found again without being named
    results = store.open_results()
    try:
        found = [KnownRun(entry.run_id, entry.run_dir, entry.created, by_id) for entry in results.runs()]
        return [known for known in found if not _is_unborn(known)]
    finally:
        results.close()


def _is_unborn(known: KnownRun) -> bool:
    """Whether its ``submit`` was killed before the run was there, so that nobody ever saw it."""
    paths = run_paths(known.run_dir, known.run_id)
    return not os.path.exists(paths.run_json) and os.path.isdir(paths.root)


def _runs_in(run_dir: str) -> list[KnownRun]:
    folder = os.path.abspath(run_dir)
    return [KnownRun(name, folder, _made(folder, name), listed=False) for name in list_runs(folder)]


def _made(run_dir: str, run_id: str) -> int:
    try:
        return os.stat(run_paths(run_dir, run_id).run_json).st_mtime_ns // 1_000_000
    except OSError:
        return 0
