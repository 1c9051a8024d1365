"""Which verifier checks what a task returns."""

from __future__ import annotations

from collections.abc import Callable

from reflow.define.names import did_you_mean
from reflow.define.task import TaskSpec
from reflow.graph.inputs import shape_or_none
from reflow.graph.report import Report, task_place
from reflow.graph.types import Shapes
from reflow.values.grammar import Grammar, grammar_of

Verifiers = Callable[[object, str], "str | None"]  #: a type and a name, or none, to the name of what is there

BY_FUNCTION = "callable"


def any_verifier(annotation: object, name: str) -> str | None:
    """Believe that there is whatever is named."""
    return name or None


def verifier_of(spec: TaskSpec, shapes: Shapes, verifiers: Verifiers, report: Report) -> str:
    """Return ``callable``, the name of a verifier, or nothing for the one that looks at files.

    Plugins are asked where one is named that is not reflow's own, and for types that reflow does not know.
    """
    wanted = spec.settings.verify
    if callable(wanted):
        return BY_FUNCTION
    if wanted is None:
        shape = shape_or_none(shapes, spec.returns)
        is_known = shape is None or not _has_adapter(grammar_of(shape))
        return "" if is_known else verifiers(spec.returns, "") or ""
    from reflow.builtin.own import NAMES  # most workflows name none

    found = wanted if wanted in NAMES else verifiers(spec.returns, wanted)
    if found is None:
        report.add(
            f"{spec.name} says verify={wanted!r}, and no plugin has a verifier of that name for what it "
            f"returns{did_you_mean(wanted, NAMES)}",
            task_place(spec),
        )
    return found or ""


def _has_adapter(grammar: Grammar) -> bool:
    if isinstance(grammar, dict):
        return "adapter" in grammar or any(map(_has_adapter, grammar.values()))
    return isinstance(grammar, list) and any(map(_has_adapter, grammar))
