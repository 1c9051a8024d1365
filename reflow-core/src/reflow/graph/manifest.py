"""The manifest: a checked workflow as JSON, and back, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reflow.errors import RunDirError
from reflow.graph.model import Graph, Input, Node, Parameter, Source
from reflow.model.resources import Resources

MANIFEST = 1  #: version of the form; additions with a default do not raise it


def to_manifest(graph: Graph) -> dict[str, Any]:
    """Return a graph as JSON: ``parameters`` and ``tasks`` are lists, in their order."""
    return {
        "manifest": MANIFEST,
        "workflow": graph.workflow,
        "parameters": [_parameter(parameter) for parameter in graph.parameters.values()],
        "tasks": [_task(node) for node in graph.tasks.values()],
    }


def from_manifest(manifest: Mapping[str, Any]) -> Graph:
    """Return the graph that a manifest was made from; keys that are not known are left aside.

    Raises:
        RunDirError: It is of a form that this reflow does not read.
    """
    if manifest.get("manifest") != MANIFEST:
        raise RunDirError(
            f"this is a manifest of form {manifest.get('manifest')!r}, and this reflow reads form {MANIFEST}; "
            "use the reflow that wrote it"
        )
    parameters = [_read_parameter(item) for item in manifest["parameters"]]
    nodes = [_read_task(item) for item in manifest["tasks"]]
    return Graph(manifest["workflow"], {p.key: p for p in parameters}, {n.name: n for n in nodes})


def _parameter(parameter: Parameter) -> dict[str, Any]:
    choices = None if parameter.choices is None else list(parameter.choices)
    return parameter._asdict() | {"choices": choices, "tasks": list(parameter.tasks)}


def _task(node: Node) -> dict[str, Any]:
    resources = node.resources._asdict() | {"submit_options": list(node.resources.submit_options)}
    inputs = [_input(given) for given in node.inputs]
    return node._asdict() | {"inputs": inputs, "after": list(node.after), "resources": resources}


def _input(given: Input) -> dict[str, Any]:
    return given._asdict() | {"sources": [list(source) for source in given.sources]}


def _read_parameter(item: Mapping[str, Any]) -> Parameter:
    fields = {name: item[name] for name in Parameter._fields if name in item}
    if fields.get("choices") is not None:
        fields["choices"] = tuple(fields["choices"])
    return Parameter(**fields | {"tasks": tuple(fields.get("tasks", ()))})


def _read_task(item: Mapping[str, Any]) -> Node:
    fields = {name: item[name] for name in Node._fields if name in item}
    resources = {name: item["resources"][name] for name in Resources._fields if name in item["resources"]}
    resources["submit_options"] = tuple(resources.get("submit_options", ()))
    return Node(
        **fields
        | {
            "inputs": tuple(_read_input(given) for given in item["inputs"]),
            "after": tuple(item.get("after", ())),
            "resources": Resources(**resources),
        }
    )


def _read_input(item: Mapping[str, Any]) -> Input:
    fields = {name: item[name] for name in Input._fields if name in item}
    return Input(**fields | {"sources": tuple(Source(*source) for source in item.get("sources", ()))})
