"""Single instances, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflow.view.screen import Screen
from reflow.view.table import table
from reflow.view.words import first_line


def instances_text(rows: Sequence[Mapping[str, Any]], screen: Screen) -> str:
    """Return instances as lines: name, state, attempt, and why it is so."""
    if not rows:
        return "no instance fits"
    shown = [("", "instance", "state", "attempt", "")]
    for row in rows:
        name = f"{row['task']}[{row['index']}]" if row["array"] else row["task"]
        reason = first_line(row["reason"])
        attempt = str(row["attempt"] or "-")
        shown.append((screen.glyph(row["state"]), name, row["state"], attempt, screen.shorten(reason, 40)))
    return "\n".join(table(shown, right=(3,)))
