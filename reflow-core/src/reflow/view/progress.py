"""A run that goes on, as it is watched: bars on a terminal, a line per change elsewhere."""

from __future__ import annotations

from reflow.view.screen import Screen
from reflow.view.status import DONE, NO_REASON, Status, headline, width
from reflow.view.words import first_line, plural

BAR = 24  #: blocks in a bar
_NAME = 20
_BLOCKS = {  # in the order in which they stand in a bar
    "succeeded": ("█", "#"),
    "reused": ("▓", "="),
    "running": ("▒", ">"),
    "submitted": ("░", "."),
    "failed": ("✗", "x"),
    "cancelled": ("⊘", "-"),
    "skipped": ("⊘", "-"),
    "pending": ("·", " "),
}

_TOLD = ("reused", "failed", "cancelled", "skipped")  #: which instances are counted where a task changed


def progress_block(status: Status, screen: Screen, now_s: float) -> list[str]:
    """Return the lines that are drawn again and again on a terminal."""
    lines = [headline(status, screen, now_s)]
    longest = min(_NAME, max((len(name) for name in status["tasks"]), default=0))
    for name, task in status["tasks"].items():
        shown = screen.shorten(name, _NAME).ljust(longest)
        tally = screen.shorten(_tally(task), screen.width - longest - BAR - 8)
        lines.append(f" {screen.glyph(task['state'])} {shown}  {bar(task, screen)}  {tally}")
    return lines


def bar(task: Status, screen: Screen) -> str:
    """Return the instances of a task as blocks; a state that is there has at least one."""
    column = 0 if screen.unicode else 1
    total = task["total"]
    if not total:
        fill = _BLOCKS["succeeded"] if total == 0 and task["state"] in DONE else _BLOCKS["pending"]
        return fill[column] * BAR
    counts = _counts(task)
    widths = {s: max(1, BAR * n // total) for s in _BLOCKS if (n := counts.get(s, 0))}
    while widths and (over := sum(widths.values()) - BAR):
        widest = max(widths, key=lambda state: widths[state])
        widths[widest] -= over if over < widths[widest] else widths[widest] - 1
    return "".join(screen.paint(_BLOCKS[state][column] * width, state) for state, width in widths.items())


def _counts(task: Status) -> dict[str, int]:
    """Return how many instances are in each state; those that nothing is said of are pending."""
    said = {state: n for state, n in task["counts"].items() if state != "pending"}
    return said | {"pending": task["total"] - sum(said.values())}


def _tally(task: Status) -> str:
    done = sum(task["counts"].get(state, 0) for state in DONE)
    tally = f"{done}/{'?' if width(task) is None else width(task)}"
    if running := task["counts"].get("running"):
        return f"{tally:>9}  {running} running"
    if task["state"] == "waiting" and task.get("waits_for"):
        return f"{tally:>9}  waits for {', '.join(task['waits_for'])}"
    return f"{tally:>9}  {task['state']}"


def change_lines(before: Status | None, after: Status) -> list[str]:
    """Return a line for each thing that changed between two looks: tasks that began or ended, new failures."""
    lines = []
    old = before["tasks"] if before else {}
    for name, task in after["tasks"].items():
        if task["state"] != "waiting" and task["state"] != old.get(name, {}).get("state"):
            lines.append(f"{name} {task['state']}{_extent(task)}")
    known = {(f["task"], f["index"], f["attempt"]) for f in before["failed"]} if before else set()
    for failure in after["failed"]:
        if (failure["task"], failure["index"], failure["attempt"]) not in known:
            array = after["tasks"][failure["task"]].get("array", True)
            where = f"[{failure['index']}]" if array and failure["index"] is not None else ""
            reason = first_line(failure["error"]) or NO_REASON
            lines.append(f"{failure['task']}{where} failed: {reason}")
    return lines


def _extent(task: Status) -> str:
    """Return how many instances a task has, and of how many its state is not the whole truth."""
    if not task["total"]:
        return ""
    counted = {state: task["counts"].get(state, 0) for state in _TOLD}
    others = [f"{n} {state}" for state, n in counted.items() if 0 < n < task["total"]]
    return f" ({', '.join([plural(task['total'], 'instance'), *others])})"
