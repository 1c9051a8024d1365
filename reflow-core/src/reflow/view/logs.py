"""What stands above and below an instance's log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reflow.view.screen import Screen
from reflow.view.words import printable

RULE = "-" * 72


def log_header(slice_: Mapping[str, Any], screen: Screen, *, array: bool = True, no_log: str = "") -> str:
    """Return who wrote a log, how it ended, with what inputs, and which file it is in.

    Args:
        no_log: What to say where there is no such file.
    """
    name = f"{slice_['task']}[{slice_['index']}]" if array else str(slice_["task"])
    state = str(slice_["state"])
    lines = [f"== {name}  {screen.glyph(state)} {state}   attempt {slice_['attempt']}"]
    inputs = "  ".join(f"{key}={value}" for key, value in (slice_.get("inputs") or {}).items())
    if inputs:
        lines.append(f"   {screen.shorten(inputs, screen.width - 3)}")
    if slice_.get("reason"):
        lines.append(f"   {printable(slice_['reason'])}")
    lines.append(f"   {slice_['path'] or no_log}")
    return "\n".join(lines)
