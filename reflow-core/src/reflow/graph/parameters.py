"""What a user gives values for: one table for the command line and for ``submit()``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reflow.contracts.adapter import Adapter
from reflow.define.markers import MISSING, Param
from reflow.define.signature import SECRET_WITH_CHOICES, ParameterSpec
from reflow.define.task import TaskSpec
from reflow.errors import ParameterError, ReflowError
from reflow.graph.choices import check_choice
from reflow.graph.flags import RESERVED_SHORT, flag_of, flags_that_deny, flags_that_give
from reflow.graph.inputs import shape_or_none
from reflow.graph.model import Parameter, Tagged
from reflow.graph.report import Report, parameter_place_of
from reflow.graph.types import Shapes
from reflow.values.grammar import Grammar, grammar_of, show_grammar
from reflow.values.shapes import item_annotation
from reflow.values.text import is_flag, item_grammar


class Offer:
    """One task's word about a parameter: its type, and the tagged values of its default and choices."""

    __slots__ = ("choices", "default", "marker", "parameter", "required", "spec", "type")

    def __init__(self, spec: TaskSpec, parameter: ParameterSpec, marker: Param, grammar: Grammar) -> None:
        self.spec = spec
        self.parameter = parameter
        self.marker = marker
        self.type = grammar
        self.required = parameter.default is MISSING and not _takes_none(grammar)
        self.default: Tagged = None
        self.choices: tuple[Tagged, ...] | None = None

    @property
    def key(self) -> str:
        """The parameter's name, with that of its task when it is local."""
        return parameter_key(self.spec, self.parameter)

    @property
    def place(self) -> str:
        """Where it stands in the source."""
        return parameter_place_of(self.spec, self.parameter)


Encode = Callable[[object, Grammar, object, str], Tagged]


def parameter_key(spec: TaskSpec, parameter: ParameterSpec) -> str:
    """Return by which key a task's parameter is given: its name, or ``<task>_<name>`` for a local one."""
    return f"{spec.name}_{parameter.name}" if _is_local(parameter) else parameter.name


def read_parameters(
    tasks: Mapping[str, TaskSpec], shapes: Shapes, encode: Encode, report: Report
) -> dict[str, Parameter]:
    """Return all parameters of a workflow by key, in the order in which tasks first name them.

    Tasks that share one must agree on its type and default; what does not agree is reported.
    """
    offers: dict[tuple[str, str | None], list[Offer]] = {}
    for spec in tasks.values():
        for offer in _offers(spec, shapes, encode, report):
            local_to = spec.name if _is_local(offer.parameter) else None
            offers.setdefault((offer.key, local_to), []).append(offer)
    for shared in offers.values():
        _check_agreement(shared, report)
    _check_flags([shared[0] for shared in offers.values()], report)
    return {shared[0].key: _merged(shared) for shared in offers.values()}


def encoder(adapters: Callable[[object], Adapter | None]) -> Encode:
    """Return what makes tagged values of defaults, choices and bound values, with the checks of ``submit()``."""
    from reflow.values.codec import codec
    from reflow.values.python import parameter_value

    def encode(annotation: object, grammar: Grammar, value: object, name: str) -> Tagged:
        return parameter_value(codec(annotation, adapters), grammar, value, name)

    return encode


def _is_local(parameter: ParameterSpec) -> bool:
    return isinstance(parameter.marker, Param) and parameter.marker.namespace == "local"


def _offers(spec: TaskSpec, shapes: Shapes, encode: Encode, report: Report) -> Iterator[Offer]:
    for parameter in spec.parameters:
        marker = parameter.marker
        if parameter.kind != "param" or parameter.bound is not MISSING or not isinstance(marker, Param):
            continue
        shape = shape_or_none(shapes, parameter.annotation)
        if shape is None:
            continue  # reported with the types of its task
        grammar = grammar_of(shape)
        try:
            yield _offer(spec, parameter, marker, grammar, encode)
        except ReflowError as error:
            report.add(f"{spec.name}.{parameter.name}: {error}", parameter_place_of(spec, parameter))


def _offer(
    spec: TaskSpec, parameter: ParameterSpec, marker: Param, grammar: Grammar, encode: Encode
) -> Offer:
    name, annotation = parameter.name, parameter.annotation
    offer = Offer(spec, parameter, marker, grammar)
    if parameter.default is not MISSING:
        offer.default = encode(annotation, grammar, parameter.default, f"the default of {name}")
    offer.choices = choices_of(parameter, grammar, encode)
    return offer


def choices_of(parameter: ParameterSpec, grammar: Grammar, encode: Encode) -> tuple[Tagged, ...] | None:
    """Return the tagged values of what ``Param(choices=...)`` says, None where it says nothing."""
    if not isinstance(parameter.marker, Param) or parameter.marker.choices is None:
        return None
    annotation, item = parameter.annotation, item_grammar(grammar)
    one, of_one = (annotation, grammar) if item is None else (item_annotation(annotation), item)
    name = f"a choice of {parameter.name}"
    return tuple(encode(one, of_one, choice, name) for choice in parameter.marker.choices)


def _takes_none(grammar: Grammar) -> bool:
    return grammar == "none" or (isinstance(grammar, dict) and "none" in grammar.get("union", ()))


def _check_agreement(shared: list[Offer], report: Report) -> None:
    first = shared[0]
    try:
        check_choice(_choices(shared), first.type, first.default, "the default")
    except ParameterError as error:
        report.add(f"{first.spec.name}.{first.parameter.name}: {error}", first.place)
    if _choices(shared) is not None and any(offer.marker.secret for offer in shared):
        places = [offer.place for offer in shared]
        report.add(f"parameter {first.key!r} {SECRET_WITH_CHOICES}", *places)
    for other in shared[1:]:
        if odd := _difference(first, other):
            report.add(
                f"parameter {first.key!r} {odd}: {first.spec.name} and {other.spec.name} share it",
                first.place,
                other.place,
                hint='make them agree, or say Param(namespace="local") in one of them',
            )


def _difference(first: Offer, other: Offer) -> str:
    if first.type != other.type:
        return f"is {show_grammar(first.type)} and {show_grammar(other.type)}"
    if (first.required, _text(first.default)) != (other.required, _text(other.default)):
        return f"has the defaults {_default(first)} and {_default(other)}"
    for word in ("choices", "short", "track", "metavar"):
        one, two = (getattr(offer.marker, word) for offer in (first, other))
        if None not in (one, two) and one != two:
            return f"says {word}={one!r} and {word}={two!r}"
    return ""


def _text(tagged: Tagged) -> str:
    import json

    return json.dumps(tagged, sort_keys=True)


def _default(offer: Offer) -> str:
    return "(none)" if offer.parameter.default is MISSING else repr(offer.parameter.default)


def _merged(shared: list[Offer]) -> Parameter:
    first = shared[0]
    local = _is_local(first.parameter)

    def said(word: str) -> str | None:
        return next((found for offer in shared if (found := getattr(offer.marker, word))), None)

    return Parameter(
        key=first.key,
        name=first.parameter.name,
        flag=flag_of(first.key),
        type=first.type,
        required=first.required,
        default=first.default,
        help=said("help") or "",
        short=said("short"),
        choices=_choices(shared),
        metavar=said("metavar"),
        secret=any(offer.marker.secret for offer in shared),
        track=said("track"),
        local=local,
        task=first.spec.name if local else None,
        tasks=tuple(offer.spec.name for offer in shared),
    )


def _choices(shared: list[Offer]) -> tuple[Tagged, ...] | None:
    return next((offer.choices for offer in shared if offer.choices is not None), None)


def _check_flags(firsts: list[Offer], report: Report) -> None:
    taken: dict[str, Offer] = {}
    for offer in firsts:
        for flag in _flags(offer):
            other = taken.setdefault(flag, offer)
            if other is not offer:
                report.add(
                    f"{other.spec.name}.{other.parameter.name} and {offer.spec.name}.{offer.parameter.name} "
                    f"are both {flag} on the command line",
                    other.place,
                    offer.place,
                    hint="rename one of them",
                )
                break
        if offer.marker.short in RESERVED_SHORT:
            report.add(
                f"{offer.spec.name}.{offer.parameter.name}: {offer.marker.short} is a flag of reflow itself",
                offer.place,
                hint="take another letter",
            )


def _flags(offer: Offer) -> list[str]:
    flags = flags_that_give(offer.key)
    flags += flags_that_deny(offer.key) if is_flag(offer.type) and not offer.marker.secret else []
    return [*flags, *([offer.marker.short] if offer.marker.short else [])]
