"""Parameters as they are given from Python: all of them, by key, with the checks of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reflow.define.names import did_you_mean
from reflow.errors import ParameterError
from reflow.graph.choices import check_choice
from reflow.graph.model import Given, Graph
from reflow.values.codec import Codec, codec
from reflow.values.python import parameter_value, settle

if TYPE_CHECKING:
    from reflow.define.task import TaskSpec
    from reflow.values.shapes import Adapters

Tasks = Mapping[str, "TaskSpec"]


def given_parameters(graph: Graph, tasks: Tasks, given: Mapping[str, Any], adapters: Adapters) -> Given:
    """Return all parameters of a graph as tagged values, those that are not given with their defaults.

    Raises:
        ParameterError: One is missing, unknown or mistyped.
    """
    for key in given:
        if key not in graph.parameters:
            raise ParameterError(
                f"{graph.workflow} has no parameter {key!r}{did_you_mean(str(key), graph.parameters)}"
            )
    missing = [p for p in graph.parameters.values() if p.required and p.key not in given]
    if missing:
        told = ", ".join(f"{p.key} ({p.help})" if p.help else p.key for p in missing)
        raise ParameterError(f"{graph.workflow} needs {told}; write: submit({missing[0].key}=...)")
    values: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for key, parameter in graph.parameters.items():
        value = _tagged(graph, tasks, key, given[key], adapters) if key in given else parameter.default
        (secrets if parameter.secret else values)[key] = value
    return Given(values, secrets)


def settled(graph: Graph, tasks: Tasks, key: str, tagged: Any, adapters: Adapters) -> Any:
    """Return a parameter that was typed as its own type would have it: a record gets its defaults.

    Raises:
        ParameterError: The class of a record refuses it.
    """
    return settle(_codec(graph, tasks, key, adapters), graph.parameters[key].type, tagged, key)


def _tagged(graph: Graph, tasks: Tasks, key: str, value: Any, adapters: Adapters) -> Any:
    parameter = graph.parameters[key]
    coder = _codec(graph, tasks, key, adapters)
    tagged = parameter_value(coder, parameter.type, value, key, secret=parameter.secret)
    check_choice(parameter.choices, parameter.type, tagged, key)
    return tagged


def _codec(graph: Graph, tasks: Tasks, key: str, adapters: Adapters) -> Codec:
    parameter = graph.parameters[key]
    specs = {spec.name: spec for spec in tasks[parameter.tasks[0]].parameters}
    return codec(specs[parameter.name].annotation, adapters)
