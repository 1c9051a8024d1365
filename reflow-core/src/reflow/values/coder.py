"""The two directions of one shape, compiled; and what does not fit, while the path to it is being put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reflow.errors import ValueMisfit
from reflow.model.named_tuple import NamedTuple
from reflow.values.tagged import MAX_DEPTH, Tagged

_LONGEST = 80  #: characters of a path that are shown, from its end


class Coder(NamedTuple):
    """Encodes and decodes values of one shape.

    Attributes:
        encode: From a value and the number of containers around it.
        decode: From a tagged value, and whether it may be widened (int to float, tuple to list).
        types: The exact types that it is made for; the first coder that names a value's type is asked first.
        tags: The tags that these values have.
        plain: Types of values that stand as they are, in both directions.
    """

    encode: Callable[[object, int], Tagged]
    decode: Callable[[Tagged, bool], object]
    types: frozenset[type] = frozenset()
    tags: frozenset[str] = frozenset()
    plain: frozenset[type] = frozenset()


class Misfit(Exception):
    """A value that does not fit. Each container that it passes on its way up adds its step to the path."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.steps: list[str] = []

    def below(self, step: str) -> Misfit:
        """Add the step that a container took: ``[3]`` or ``.name``."""
        self.steps.append(step)
        return self

    def error(self) -> ValueMisfit:
        """Return the error that a user sees: ``[3].name: expected str, got int 7``."""
        path = "".join(reversed(self.steps))
        path = path if len(path) <= _LONGEST else f"..{path[-_LONGEST:]}"
        return ValueMisfit(f"{path}: {self.problem}" if path else self.problem)


class TooDeep(Misfit):
    """Too many containers inside each other; no other member of a union is tried."""

    def __init__(self) -> None:
        super().__init__(f"nested more than {MAX_DEPTH} deep, or holds itself")


def expected(label: str, value: Any, hint: str = "") -> Misfit:
    """Return the misfit of a Python value."""
    return Misfit(f"expected {label}, got {describe_value(value)}{hint}")


def unexpected(label: str, node: Any) -> Misfit:
    """Return the misfit of a tagged value."""
    from reflow.values.show import show, tag_label

    return Misfit(f"expected {label}, got {tag_label(node)} {show(node)}".rstrip())


def describe_value(value: Any, limit: int = 60) -> str:
    """Return type and repr of any object in one short line; a repr that raises is left out."""
    if value is None:
        return "None"
    name = type(value).__qualname__
    try:
        if isinstance(value, (list, tuple, set, frozenset, dict)) and len(value) > limit:
            return f"{name} of {len(value)} items"
        text = repr(value[:limit] if isinstance(value, (str, bytes)) else value)
    except Exception:  # a repr of the user's own may do anything
        return name
    text = " ".join(text.split())
    return f"{name} {text if len(text) <= limit else text[: limit - 2] + '..'}"
