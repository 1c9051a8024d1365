"""The nodes of a graph, once all that they are made of has been checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from reflow.define.markers import MISSING
from reflow.define.signature import ParameterSpec, unwrapped
from reflow.define.task import TaskSpec
from reflow.graph.model import Graph, Input, Node, Tagged
from reflow.graph.parameters import parameter_key
from reflow.graph.types import Shapes
from reflow.graph.wiring import Wiring
from reflow.values.grammar import Grammar, grammar_of

if TYPE_CHECKING:
    from reflow.graph.code import Code


def hashed(graph: Graph, codes: Mapping[str, Code]) -> Graph:
    """Return a graph with what identifies the code of each task."""
    nodes = {
        name: node._replace(source=codes[name].source, code_hash=codes[name].hash)
        for name, node in graph.tasks.items()
    }
    return graph._replace(tasks=nodes)


class NodeMaker:
    """Makes nodes of checked tasks."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def node(
        self, spec: TaskSpec, wired: Mapping[str, Wiring], after: tuple[str, ...], bound: Mapping[str, Tagged]
    ) -> Node:
        """Return the node of one task."""
        settings = spec.settings
        return Node(
            name=spec.name,
            key=spec.key,
            array=spec.array,
            returns=self._grammar(spec.returns),
            inputs=tuple(self._inputs(spec, wired, bound)),
            after=after,
            doc=spec.doc,
            version=settings.version,
            cache=settings.cache,
            code=settings.code,
            retries=settings.retries,
            resources=settings.resources,
            pack=settings.pack,
            workers=settings.workers,
            track=settings.track or "",
            file=_file_of(spec),
            line=spec.line,
        )

    def _inputs(
        self, spec: TaskSpec, wired: Mapping[str, Wiring], bound: Mapping[str, Tagged]
    ) -> Iterator[Input]:
        for parameter in spec.parameters:
            name = parameter.name
            if parameter.kind == "run_dir":
                yield Input(name, "run_dir", "path")
            elif name in wired:
                yield self._result(parameter, wired[name])
            elif parameter.bound is not MISSING:
                yield Input(
                    name,
                    "bound",
                    self._grammar(parameter.annotation),
                    value=bound[name],
                    track=_track(parameter),
                )
            else:
                key = parameter_key(spec, parameter)
                yield Input(
                    name, "parameter", self._grammar(parameter.annotation), key, track=_track(parameter)
                )

    def _result(self, parameter: ParameterSpec, wiring: Wiring) -> Input:
        mode, deliver, sources = wiring
        type_ = self._grammar(parameter.annotation)
        return Input(
            parameter.name,
            "result",
            type_,
            mode=mode,
            deliver=deliver,
            sources=sources,
            track=_track(parameter),
        )

    def _grammar(self, annotation: object) -> Grammar:
        return grammar_of(self._shapes.of(annotation))


def _file_of(spec: TaskSpec) -> str:
    """Return the file of a task; what stands for one has its name between ``<`` and ``>``, as Python writes it."""
    if spec.file.startswith("<"):
        return spec.file
    is_cell = "__file__" not in unwrapped(spec.function).__globals__
    return f"<cell {spec.file}>" if is_cell else os.path.abspath(spec.file)


def _track(parameter: ParameterSpec) -> str | None:
    return parameter.marker.track if parameter.marker is not None else None
