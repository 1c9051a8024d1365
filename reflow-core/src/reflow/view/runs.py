"""The list of runs, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflow.view.screen import Screen
from reflow.view.table import table
from reflow.view.words import duration


def runs_text(runs: Sequence[Mapping[str, Any]], screen: Screen, now_s: float) -> str:
    """Return the screen of ``runs``, newest first.

    Args:
        runs: Each with ``run_id``, ``workflow``, ``state``, ``done``, ``total``, ``created`` (ms), ``run_dir``
            and ``parameters`` (one line).
    """
    rows = [("", "run", "state", "done", "started", "parameters")]
    for run in runs:
        done = "-" if run["total"] is None else f"{run['done']}/{run['total']}"
        rows.append(
            (
                screen.glyph(run["state"]) if run["state"] else "?",
                run["run_id"],
                run["state"] or "out of reach",
                done,
                f"{duration(now_s - run['created'] / 1000)} ago",
                screen.shorten(run["parameters"], 30),
            )
        )
    return "\n".join(table(rows, right=(3,)))
