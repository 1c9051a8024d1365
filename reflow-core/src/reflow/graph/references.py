"""From what names a task, a text or its function, to the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reflow.define.flow import tasks_by_function
from reflow.define.names import did_you_mean
from reflow.define.signature import unwrapped
from reflow.define.task import TaskSpec

if TYPE_CHECKING:
    from reflow.define.markers import TaskRef


class NoTask(Exception):
    """A reference that names no task of the workflow, or several; the message goes on after "takes"."""


class References:
    """The tasks of a workflow, by all that may name them."""

    def __init__(self, workflow: str, tasks: Mapping[str, TaskSpec]) -> None:
        self._workflow = workflow
        self._tasks = tasks
        self._functions: dict[int, list[str]] | None = None

    def find(self, ref: TaskRef) -> TaskSpec:
        """Return the task that is meant.

        Raises:
            NoTask: None is, or several are.
        """
        if isinstance(ref, str):
            if ref in self._tasks:
                return self._tasks[ref]
            raise NoTask(f"{ref!r}, which is no task of {self._workflow!r}{did_you_mean(ref, self._tasks)}")
        found = self._names(ref)
        if len(found) == 1:
            return self._tasks[found[0]]
        name = getattr(ref, "__name__", repr(ref))
        if not found and self._is_of_before(ref, name):
            raise NoTask(
                f"the function {name!r} as it was before {name!r} was defined again; "
                f'define this task again too (run its cell), or name the other as text: "{name}"'
            )
        if not found:
            raise NoTask(
                f"the function {name!r}, which is no task of {self._workflow!r}; decorate it, or include its flow"
            )
        raise NoTask(
            f"the function {name!r}, which is several tasks here ({', '.join(found)}); give one of the names"
        )

    def _is_of_before(self, ref: object, name: str) -> bool:
        """Whether a task has taken the place of this one, as when a notebook's cell is run again."""
        new = self._tasks.get(name)
        return new is not None and _place(new.function) == _place(ref)

    def _names(self, ref: object) -> list[str]:
        if self._functions is None:
            self._functions = tasks_by_function(self._tasks)
        return self._functions.get(id(ref)) or self._functions.get(id(unwrapped(ref)), [])  # type: ignore[arg-type]


def _place(function: object) -> tuple[object, object]:
    return getattr(function, "__module__", None), getattr(function, "__qualname__", None)
