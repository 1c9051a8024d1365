"""The code that a task reaches: its own function, and what that takes from the project, hashed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reflow.graph.library import Library
from reflow.graph.place import Find
from reflow.graph.walk import Walk
from reflow.model.named_tuple import NamedTuple


class Code(NamedTuple):
    """The code of one task.

    Attributes:
        source: Hash of the function's own normalised source, in hex; empty when there is no source. Comments,
            docstrings, formatting, what reflow reads in ``Annotated``, and reflow's own decorators do not count.
        hash: The same of all project code that it reaches; empty when there is no source.
        parts: What that is made of: hashes by ``file:name``, the file as seen from that of the task, which is itself
            not named: equal code may stand in several files.
        unresolved: Where it reaches what cannot be told, each in words.
        finds: Where it looks for files.
    """

    source: str
    hash: str
    parts: dict[str, str]
    unresolved: tuple[str, ...] = ()
    finds: tuple[Find, ...] = ()


def codes_of(functions: Mapping[str, Callable[..., Any]]) -> dict[str, Code]:
    """Return the code of several tasks by name; each file is parsed once, each definition read once."""
    library = Library()
    return {name: _code(Walk(library, function)) for name, function in functions.items()}


def _code(walk: Walk) -> Code:
    if not (source := walk.source()):
        return Code("", "", {})
    counted = walk.counted()
    return Code(source, counted.hash(), counted.parts(), walk.unresolved(), walk.finds())
