"""Single instances, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflow.view.screen import Screen
from reflow.view.table import table
from reflow.view.words import first_line


def instances_text(rows: Sequence[Mapping[str, Any]], screen: Screen) -> str:
    """Return instances, at least one, as lines: name, state, attempt, and why it is so."""
    shown = [("", "instance", "state", "attempt", "")]
    for row in rows:
        name = f"{row['task']}[{row['index']}]" if row["array"] else row["task"]
        reason = first_line(row["reason"])
        attempt = str(row["attempt"] or "-")
        shown.append((screen.glyph(row["state"]), name, row["state"], attempt, screen.shorten(reason, 40)))
    return "\n".join(table(shown, right=(3,)))


def no_instances_text(tasks: Mapping[str, Mapping[str, Any]], screen: Screen) -> str:
    """Return a line for each task whose instances never became known: how it stands, and why."""
    return "\n".join(_why_unknown(name, task, screen) for name, task in tasks.items())


def _why_unknown(name: str, task: Mapping[str, Any], screen: Screen) -> str:
    waits = f"waits for {', '.join(task['waits_for'])}" if task["waits_for"] else ""
    told = first_line(task["reason"]) or waits
    return f"{screen.glyph(task['state'])} {name} {task['state']}{told and f': {told}'}"
