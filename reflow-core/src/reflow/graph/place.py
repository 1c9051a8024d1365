"""Where the names of a definition are followed from, and where it looks for files."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from types import FunctionType, MappingProxyType

from reflow.graph.free_names import Taken
from reflow.graph.modules import Module
from reflow.model.named_tuple import NamedTuple


class Find(NamedTuple):
    """Where a task looks for files.

    Attributes:
        place: In words.
        stems: The parameters that what it looks through may be made of: the task's own, or of whom it calls,
            each behind the name of that.
    """

    place: str
    stems: frozenset[str]


class Place(NamedTuple):
    """A definition whose names are to be followed.

    Attributes:
        function: The function that was made from it, where that is known, and counts as it is.
        around: The statement of the module that it stands in, if that is not its own.
    """

    module: Module
    label: str
    taken: Taken
    function: FunctionType | None = None
    cells: Mapping[str, object] = MappingProxyType({})
    around: ast.stmt | None = None

    def where(self, line: int = 0) -> str:
        """Say where it stands, or a line of it."""
        name = self.label.partition(":")[2]
        return f"{name} in {os.path.basename(self.module.file)}{f':{line}' if line else ''}"
