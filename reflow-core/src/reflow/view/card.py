"""A run as a card in a notebook: HTML without scripts, in the notebook's own colours."""

from __future__ import annotations

from html import escape

from reflow.view.status import Status, by_cause, progress
from reflow.view.words import elements

_COLOURS = {
    "succeeded": "#2a9d4a",
    "reused": "#5aa9a0",
    "running": "#e0a030",
    "submitted": "#b8b8b8",
    "failed": "#c0392b",
    "cancelled": "#8e5a9e",
    "skipped": "#8e5a9e",
}
_CELL = "padding:2px 10px 2px 0;text-align:left"


def card_html(status: Status) -> str:
    """Return the card of a run."""
    failed = len(status["failed"])
    badge = f" · <b style='color:{_COLOURS['failed']}'>{failed} failed</b>" if failed else ""
    return (
        "<div style='border:1px solid var(--jp-border-color1,#ccc);border-radius:6px;padding:8px 12px;"
        "max-width:48em;font-family:var(--jp-code-font-family,monospace);font-size:90%'>"
        f"<div><b>{escape(status['run_id'])}</b> · {escape(status['state'])} · {progress(status)}{badge}</div>"
        f"<div style='opacity:.7'>{escape(str(status.get('executor') or ''))} · {escape(status['run_dir'])}</div>"
        f"<table style='border-collapse:collapse;margin-top:6px'>{_rows(status)}</table>"
        f"{_failures(status)}{_parameters(status)}</div>"
    )


def _rows(status: Status) -> str:
    return "".join(
        f"<tr><td style='{_CELL}'>{escape(name)}</td><td style='{_CELL}'>{_bar(task)}</td>"
        f"<td style='{_CELL}'>{_tally(task)}</td></tr>"
        for name, task in status["tasks"].items()
    )


def _bar(task: Status) -> str:
    total = task["total"] or 0
    parts = [
        f"<span style='display:inline-block;height:10px;width:{160 * task['counts'][state] / total:.1f}px;"
        f"background:{colour}'></span>"
        for state, colour in _COLOURS.items()
        if total and task["counts"].get(state)
    ]
    return (
        "<span style='display:inline-block;width:160px;height:10px;line-height:0;"
        f"background:var(--jp-layout-color2,#eee)'>{''.join(parts)}</span>"
    )


def _tally(task: Status) -> str:
    known = " · ".join(f"{count} {escape(state)}" for state, count in task["counts"].items() if count)
    return known or escape(task["state"])


def _failures(status: Status) -> str:
    causes = by_cause(status["failed"])
    if not causes:
        return ""
    lines = "".join(
        f"<li>{escape(elements(task, indices))}: {escape(error)}</li>" for error, (task, indices) in causes
    )
    count = "1 cause" if len(causes) == 1 else f"{len(causes)} causes"
    return (
        f"<details open><summary>{len(status['failed'])} failed, {count}</summary><ul>{lines}</ul></details>"
    )


def _parameters(status: Status) -> str:
    given = status.get("parameters") or {}
    if not given:
        return ""
    lines = "".join(f"<li>{escape(name)} = {escape(str(value))}</li>" for name, value in given.items())
    return f"<details><summary>Parameters ({len(given)})</summary><ul>{lines}</ul></details>"
