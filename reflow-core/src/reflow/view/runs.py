"""The list of runs, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflow.view.screen import Screen
from reflow.view.table import table
from reflow.view.words import duration, seconds


def runs_text(runs: Sequence[Mapping[str, Any]], screen: Screen, now_s: float) -> str:
    """Return the screen of ``runs``, newest first.

    Args:
        runs: Each with ``run_id``, ``state``, ``done``, ``total``, ``created_at`` and ``parameters``.
    """
    rows = [("", "run", "state", "done", "started"), *(_facts(run, screen, now_s) for run in runs)]
    room = max(12, screen.width - max(map(len, table(rows))) - 2)
    told = [" ".join(f"{key}={value}" for key, value in run["parameters"].items()) for run in runs]
    last = ["parameters", *(screen.shorten(text, room) for text in told)]
    return "\n".join(table([(*row, text) for row, text in zip(rows, last, strict=True)], right=(3,)))


def _facts(run: Mapping[str, Any], screen: Screen, now_s: float) -> tuple[str, str, str, str, str]:
    return (
        screen.glyph(run["state"]) if run["state"] else "?",
        run["run_id"],
        run["state"] or "out of reach",
        "-" if run["total"] is None else f"{run['done']}/{run['total']}",
        f"{duration(now_s - (seconds(run['created_at']) or now_s))} ago",
    )
