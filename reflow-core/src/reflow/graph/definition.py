"""What a command line and `reflow.compose` need of a workflow, which they must not know by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from reflow.graph.code import Code
    from reflow.graph.model import Graph


class Definition(Protocol):
    """A workflow, as those below it see it."""

    @property
    def name(self) -> str:
        """The workflow's name."""

    @property
    def tasks(self) -> Mapping[str, Any]:
        """Its tasks, by name."""

    def graph(self, *, hashes: bool = False) -> Graph:
        """Return the checked graph; with ``hashes``, what identifies the code of each task too."""

    def codes(self) -> Mapping[str, Code]:
        """Return the code that each task reaches, by the name of the task."""

    def describe(self) -> dict[str, Any]:
        """Return the workflow as JSON, with what identifies the source of each task."""

    def settle(self, key: str, tagged: Any) -> Any:
        """Return a parameter that was typed as its own type would have it."""

    def locate(self) -> dict[str, Any]:
        """Return how a worker finds the workflow again."""
