"""The files that a run is given, by its parameters and by bound values, with the stamps that they have at submit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from reflow.errors import ParameterError, ValueMisfit
from reflow.graph.model import Graph, Input, Node
from reflow.values.paths import stamped

if TYPE_CHECKING:
    from reflow.filesystem.stamps import Stamp


def stamped_parameters(graph: Graph, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with the stamps of the files that they name, as they are now.

    Raises:
        ParameterError: A file cannot be looked at, or a directory has too many entries.
    """
    return {
        key: stamped(value, _stamper(f"parameter {key}", graph.parameters[key].track))
        for key, value in parameters.items()
    }


def stamped_graph(graph: Graph) -> Graph:
    """Return a graph whose bound values have such stamps.

    Raises:
        ParameterError: As above.
    """
    return graph._replace(tasks={name: _stamped_node(node) for name, node in graph.tasks.items()})


def _stamped_node(node: Node) -> Node:
    return node._replace(inputs=tuple(_stamped_input(node.name, entry) for entry in node.inputs))


def _stamped_input(task: str, entry: Input) -> Input:
    if entry.kind != "bound":
        return entry
    what = f"{task}.{entry.name}, bound by include(params=...)"
    return entry._replace(value=stamped(entry.value, _stamper(what, entry.track)))


def _stamper(what: str, track: str | None) -> Callable[[str], Stamp]:
    def take(path: str) -> Stamp:
        from reflow.filesystem.stamps import take_stamp  # most parameters name no file

        try:
            return take_stamp(path, track or "stat")
        except ValueMisfit as error:
            raise ParameterError(f"{what}: {error}") from error
        except OSError as error:
            raise ParameterError(
                f"{what}: {path} cannot be looked at: {error.strerror or error}; give another file, "
                'or say track="path" where its name is enough'
            ) from error

    return take
