"""From a flow to a checked graph, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reflow.contracts.adapter import Adapter
from reflow.define.flow import Flow
from reflow.define.markers import MISSING, Param, Result
from reflow.define.signature import ParameterSpec
from reflow.define.task import TaskSpec
from reflow.errors import DefinitionError, ReflowError, WiringError
from reflow.graph.choices import check_choice
from reflow.graph.inputs import shape_or_none, wire_task
from reflow.graph.model import Graph, Tagged
from reflow.graph.nodes import NodeMaker, hashed
from reflow.graph.order import order
from reflow.graph.parameters import Encode, choices_of, encoder, read_parameters
from reflow.graph.references import NoTask, References
from reflow.graph.report import Report, parameter_place_of, task_place
from reflow.graph.types import Shapes
from reflow.graph.verifiers import Verifiers, any_verifier, verifier_of
from reflow.values.grammar import Grammar, grammar_of
from reflow.values.shapes import no_adapters

Adapters = Callable[[object], "Adapter | None"]


def build(
    flow: Flow,
    adapters: Adapters = no_adapters,
    verifiers: Verifiers = any_verifier,
    *,
    hashes: bool = False,
) -> Graph:
    """Return the checked graph of a flow.

    Args:
        adapters: Asked for types that reflow does not know.
        verifiers: Asked for verifiers that reflow does not have, and for those of such types.
        hashes: Whether to read and hash the code of each task, as `submit` needs.

    Raises:
        WiringError: All that is wrong, in one report.
    """
    builder = _Builder(flow, adapters, verifiers)
    graph = builder.graph()
    if builder.report.problems:
        raise WiringError(flow.name, tuple(builder.report.problems))
    if not hashes:
        return graph
    from reflow.graph.code import codes_of

    return hashed(graph, codes_of({name: spec.function for name, spec in flow.tasks.items()}))


def check_task(flow: Flow, name: str, adapters: Adapters = no_adapters) -> tuple[str, ...]:
    """Return what is wrong with one task, as far as it can be known before what comes later.

    A name in an annotation that is not there yet is nothing wrong; a step that is not there yet is.
    """
    builder = _Builder(flow, adapters)
    spec = flow.tasks[name]
    builder.check_types(spec, complete=False)
    wire_task(spec, builder.references, builder.shapes, builder.report)
    builder.after(spec)
    return tuple(builder.report.problems)


class _Builder:
    """One flow on its way to a graph."""

    def __init__(self, flow: Flow, adapters: Adapters, verifiers: Verifiers = any_verifier) -> None:
        self.flow = flow
        self.tasks = flow.tasks
        self.shapes = Shapes(adapters)
        self.report = Report()
        self.references = References(flow.name, flow.tasks)
        self.encode: Encode = encoder(adapters)
        self.verifiers = verifiers

    def graph(self) -> Graph:
        """Return the graph; it is whole only when nothing was reported."""
        for spec in self.tasks.values():
            self.check_types(spec)
        wired = {
            name: wire_task(spec, self.references, self.shapes, self.report)
            for name, spec in self.tasks.items()
        }
        after = {name: self.after(spec) for name, spec in self.tasks.items()}
        parameters = read_parameters(self.tasks, self.shapes, self.encode, self.report)
        bound = {name: self._bound(spec) for name, spec in self.tasks.items()}
        verify = {
            name: verifier_of(spec, self.shapes, self.verifiers, self.report)
            for name, spec in self.tasks.items()
        }
        names = self._ordered(after)
        if self.report.problems:
            return Graph(self.flow.name, {}, {})
        maker = NodeMaker(self.shapes)
        nodes = {name: maker.node(self.tasks[name], wired[name], after[name], bound[name]) for name in names}
        verified = {name: node._replace(verify=verify[name]) for name, node in nodes.items()}
        return Graph(self.flow.name, parameters, verified)

    def check_types(self, spec: TaskSpec, *, complete: bool = True) -> None:
        """Report types that reflow cannot store and, once the flow is complete, names that are not known still."""
        try:
            for problem in spec.resolve() if complete else ():
                hint = "define or import it (not only under TYPE_CHECKING), at the latest before the workflow is used"
                self.report.add(f"{spec.name}: {problem}", task_place(spec), hint=hint)
        except DefinitionError as error:
            self.report.add(f"{spec.name}: {error}", task_place(spec))
        for parameter in spec.parameters:
            if parameter.kind in ("param", "result"):
                self._check_type(f"{spec.name}.{parameter.name}", parameter.annotation, spec, parameter)
        if spec.returns is not MISSING:
            self._check_type(f"what {spec.name} returns", spec.returns, spec, None)

    def after(self, spec: TaskSpec) -> tuple[str, ...]:
        """Return the names of the tasks that a task comes after; those that are none are reported."""
        found = []
        for ref in spec.settings.after:
            try:
                found.append(self.references.find(ref).name)
            except NoTask as error:
                self.report.add(f"{spec.name} says after={error}", task_place(spec))
        return tuple(dict.fromkeys(found))

    def _check_type(
        self, what: str, annotation: object, spec: TaskSpec, parameter: ParameterSpec | None
    ) -> None:
        try:
            self.shapes.of(annotation)
        except DefinitionError as error:
            place = parameter_place_of(spec, parameter) if parameter else task_place(spec)
            self.report.add(f"{what}: {error}", place)

    def _bound(self, spec: TaskSpec) -> dict[str, Tagged]:
        found: dict[str, Tagged] = {}
        for parameter in spec.parameters:
            if (
                parameter.bound is MISSING
                or (shape := shape_or_none(self.shapes, parameter.annotation)) is None
            ):
                continue
            name = f"{spec.name}.{parameter.name}"
            if isinstance(parameter.marker, Param) and parameter.marker.secret:
                self.report.add(f"{name} is secret; a value in include(params=...) is not", task_place(spec))
                continue
            try:
                found[parameter.name] = self._bound_value(parameter, grammar_of(shape))
            except ReflowError as error:
                self.report.add(
                    f"{name}, bound by include(params=...): {error}", parameter_place_of(spec, parameter)
                )
        return found

    def _bound_value(self, parameter: ParameterSpec, grammar: Grammar) -> Tagged:
        value = self.encode(parameter.annotation, grammar, parameter.bound, parameter.name)
        check_choice(choices_of(parameter, grammar, self.encode), grammar, value, parameter.name)
        return value

    def _ordered(self, after: dict[str, tuple[str, ...]]) -> list[str]:
        upstream = {name: [*self._steps(spec), *after[name]] for name, spec in self.tasks.items()}
        names, cycles = order(upstream)
        for cycle in cycles:
            circle = " needs ".join([*cycle, cycle[0]])
            places = (task_place(self.tasks[name]) for name in cycle)
            self.report.add(f"cycle: {circle}", *places, hint="take one of these steps, or after=, away")
        return names

    def _steps(self, spec: TaskSpec) -> Iterator[str]:
        for parameter in spec.parameters:
            if isinstance(parameter.marker, Result):
                for step in parameter.marker.steps:
                    try:
                        yield self.references.find(step).name
                    except NoTask:
                        continue  # reported where it is wired
