"""What is wrong with a workflow, collected: each problem with its places."""

from __future__ import annotations

import os

from reflow.define.signature import ParameterSpec
from reflow.define.task import TaskSpec
from reflow.graph.source import definition_line, parameter_place


class Report:
    """Collects problems as text."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def add(self, problem: str, *places: str, hint: str = "") -> None:
        """Note a problem, the places in the source where it stands, and what to write instead."""
        lines = [problem, *(f"  --> {place}" for place in dict.fromkeys(places))]
        self.problems.append("\n".join([*lines, f"  hint: {hint}"] if hint else lines))


def task_place(spec: TaskSpec, returns: str = "") -> str:
    """Return file and line of a task's function and, if asked for, what it returns."""
    line = definition_line(spec.function) or spec.line
    place = f"{_shown_path(spec.file)}:{line}"
    return f"{place}  def {spec.function.__name__}(...) -> {returns}" if returns else place


def parameter_place_of(spec: TaskSpec, parameter: ParameterSpec) -> str:
    """Return file, line and text of one parameter of a task."""
    found = parameter_place(spec.function, parameter.name)
    line, text = found or (spec.line, parameter.name)
    return f"{_shown_path(spec.file)}:{line}  {text}"


def _shown_path(file: str) -> str:
    here = os.getcwd() + os.sep
    return file[len(here) :] if file.startswith(here) else file
