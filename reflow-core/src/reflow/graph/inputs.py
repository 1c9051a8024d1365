"""The inputs of one task: each result wired, each refusal with its remedy."""

from __future__ import annotations

from collections.abc import Iterator

from reflow.define.markers import Result
from reflow.define.signature import ParameterSpec
from reflow.define.task import TaskSpec
from reflow.errors import DefinitionError
from reflow.graph.references import NoTask, References
from reflow.graph.report import Report, parameter_place_of, task_place
from reflow.graph.types import Shapes, show
from reflow.graph.wiring import Ambiguous, Upstream, Wanted, Wiring, wire
from reflow.values.shapes import Shape


class _Case:
    """A parameter of kind ``result``, once the types on both sides are known."""

    __slots__ = ("parameter", "spec", "tasks", "upstreams", "wanted")

    def __init__(
        self,
        spec: TaskSpec,
        parameter: ParameterSpec,
        tasks: list[TaskSpec],
        upstreams: list[Upstream],
        wanted: Wanted,
    ) -> None:
        self.spec = spec
        self.parameter = parameter
        self.tasks = tasks
        self.upstreams = upstreams
        self.wanted = wanted


def wire_task(spec: TaskSpec, references: References, shapes: Shapes, report: Report) -> dict[str, Wiring]:
    """Return how each ``result`` parameter of a task is wired, by name; what cannot be is reported."""
    cases = list(_cases(spec, references, shapes, report))
    found = _wire_cases(cases)
    wired = {}
    for case, answer in zip(cases, found, strict=True):
        if isinstance(answer, Wiring):
            wired[case.parameter.name] = answer
        else:
            _refuse(case, answer, report)
    all_wired = len(wired) == sum(parameter.kind in ("result", "unresolved") for parameter in spec.parameters)
    if spec.array and all_wired and not any(wiring.gives_width for wiring in wired.values()):
        report.add(
            f"array task {spec.name} has no parameter that gives its width",
            task_place(spec),
            hint="take the elements of a list with Annotated[T, Result(step=...)], or make it a @job",
        )
    return wired


def _wire_cases(cases: list[_Case]) -> list[Wiring | Ambiguous | None]:
    """First each parameter for itself; then again those that change when another one gives the width."""
    alone = [wire(case.upstreams, case.wanted) for case in cases]
    widths = [isinstance(answer, Wiring) and answer.gives_width for answer in alone]
    total = sum(widths)
    for case, own in zip(cases, widths, strict=True):
        case.wanted.width_elsewhere = total > own
    return [
        wire(case.upstreams, case.wanted) if case.wanted.width_elsewhere else answer
        for case, answer in zip(cases, alone, strict=True)
    ]


def _cases(spec: TaskSpec, references: References, shapes: Shapes, report: Report) -> Iterator[_Case]:
    for parameter in spec.parameters:
        marker = parameter.marker
        if parameter.kind != "result" or not isinstance(marker, Result):
            continue
        try:
            tasks = [references.find(step) for step in marker.steps]
        except NoTask as error:
            report.add(f"{spec.name}.{parameter.name} takes {error}", parameter_place_of(spec, parameter))
            continue
        wanted = shape_or_none(shapes, parameter.annotation)
        returns = [shape_or_none(shapes, task.returns) for task in tasks]
        if wanted is None or None in returns:
            continue  # the type itself is reported, where it stands
        upstreams = [
            Upstream(t.name, array=t.array, returns=r)
            for t, r in zip(tasks, returns, strict=True)
            if r is not None
        ]
        case = Wanted(wanted, array=spec.array, broadcast=marker.broadcast, several=marker.several)
        yield _Case(spec, parameter, tasks, upstreams, case)


def shape_or_none(shapes: Shapes, annotation: object) -> Shape | None:
    """Return the shape of an annotation, None when it is unresolved or not supported."""
    try:
        return shapes.of(annotation)
    except DefinitionError:
        return None


def _refuse(case: _Case, answer: Wiring | Ambiguous | None, report: Report) -> None:
    from reflow.graph.remedies import ambiguous_hint, refusal_hint, what_returns  # most flows fit

    name = f"{case.spec.name}.{case.parameter.name}"
    told = " and ".join(what_returns(upstream) for upstream in case.upstreams)
    places = [task_place(t, show(u.returns)) for t, u in zip(case.tasks, case.upstreams, strict=True)]
    kind = "array task " if case.spec.array else ""
    if isinstance(answer, Ambiguous):
        modes = " or ".join(wiring.mode for wiring in answer.wirings)
        text = f"{kind}{name} wants {show(case.wanted.type)} and {told}: with Any it could be {modes}"
        hint = ambiguous_hint(case.parameter.name, case.upstreams)
    else:
        text = f"{kind}{name} wants {show(case.wanted.type)}, but {told}"
        hint = refusal_hint(case.parameter.name, case.upstreams, case.wanted)
    report.add(text, parameter_place_of(case.spec, case.parameter), *places, hint=hint)
