"""From a workflow and what was given to all that a new run is made from."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reflow.compose.backends import AVAILABLE, default_resources, default_run_dir, make_backends
from reflow.config.keys import KEYS
from reflow.config.settings import Settings
from reflow.errors import (
    ConfigError,
    OutOfReach,
)

if TYPE_CHECKING:
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store
    from reflow.graph.code import Code
    from reflow.graph.definition import Definition
    from reflow.graph.model import Given, Graph, Node
    from reflow.run.submit import SubmitRequest


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
    backends = make_backends(settings, executor=executor, store=store)
    python = settings.text("executor.python")
    if python is not None and not dry_run and not os.access(python, os.X_OK):
        raise ConfigError(
            f"executor.python is {python!r}, and no program is there; see where that comes from: reflow config show"
        )
    if not dry_run:
        backends.executor.ask_ahead()  # which is answered while the rest is loaded
    from reflow.run.stamped import stamped_graph
    from reflow.run.submit import SubmitRequest

    codes = workflow.codes()
    graph = stamped_graph(submit_graph(workflow.graph(), codes, settings))
    if not dry_run and backends.why != AVAILABLE and (refusal := backends.executor.ready()):
        raise OutOfReach(
            f"executor {backends.executor.name!r} cannot be used here: {refusal}; try: --executor local"
        )
    return SubmitRequest(
        graph=graph,
        code=code_parts(codes),
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


def submit_graph(graph: Graph, codes: Mapping[str, Code], settings: Settings) -> Graph:
    """Return the graph of a new run: with hashes of code, and what the settings say of tasks that say nothing.

    Where code is a part of the identity and is not to be found, nobody can tell whether a result is still that of
    this code: such a task is not reused.
    """
    from reflow.graph.nodes import hashed

    graph = hashed(graph, codes)
    code = settings.text("defaults.code") or ""
    default = "" if code == KEYS["defaults.code"].default else code
    return graph._replace(tasks={name: _settled(node, default) for name, node in graph.tasks.items()})


def _settled(node: Node, code: str) -> Node:
    node = node._replace(code=node.code or code)
    return node._replace(cache=False) if node.lacks_source else node


def code_parts(codes: Mapping[str, Code]) -> dict[bytes, str]:
    """Return what the hashes of a workflow's code are made of, as the store keeps it."""
    from reflow.values.digests import canonical

    return {bytes.fromhex(code.hash): canonical(code.parts) for code in codes.values() if code.hash}


def _with_used(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Return modules with those of the plugins that the graph needs: for its types, and for its verifiers."""
    hooks = sys.modules.get(
        "reflow.registry.hooks"
    )  # loaded where a plugin was asked only: pluggy takes its time
    return modules if hooks is None else tuple(dict.fromkeys([*modules, *hooks.used_modules()]))
