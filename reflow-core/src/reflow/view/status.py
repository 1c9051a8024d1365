"""How a run stands, as text: the whole first, a line per task, what failed by cause, what to type next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reflow.view.screen import Screen
from reflow.view.table import table
from reflow.view.words import duration, elements, first_line, plural, printable, seconds

Status = Mapping[str, Any]
Typed = Callable[..., str]  #: the full command line of a command and its arguments, ready to paste

DONE = ("succeeded", "reused")
NO_REASON = "no reason is known"
_HEADINGS = ("", "task", "done", "reused", "run", "queue", "fail", "total", "")
_CAUSES = 5  #: that are shown
_REASONS = 3  #: for which elements of a task wait, that are shown


def status_text(status: Status, screen: Screen, now_s: float, typed: Typed | None = None) -> str:
    """Return the screen of ``status``.

    Args:
        status: What `reflow.run.status.read_status` returns.
        now_s: Seconds since 1970, to say how long ago things were.
        typed: Writes out commands; without it none are suggested.
    """
    blocks = [
        [headline(status, screen, now_s)],
        task_table(status, screen),
        queue_lines(status, screen),
        failure_lines(status, screen),
        [f"  {printable(line)}" for line in status.get("messages", ())],
        next_lines(status, typed) if typed else [],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def headline(status: Status, screen: Screen, now_s: float) -> str:
    """Return the run in one line: its id, its state, how far it is, since when."""
    state = str(status["state"])
    parts = [f"{status['run_id']}  {screen.paint(state.upper(), state)}", progress(status)]
    began, ended = seconds(status.get("created_at")), seconds(status.get("ended_at"))
    if began is not None and ended is not None:
        parts.append(f"took {duration(ended - began)}")
    elif began is not None:
        parts.append(f"started {duration(now_s - began)} ago")
    return "  ".join(part for part in parts if part)


def progress(status: Status) -> str:
    """Return how many instances are done, of how many: ``81/102  79%``; with ``?`` while some are not known."""
    done, total, unknown = done_and_total(status)
    if not total and not unknown:
        return ""
    if unknown:
        return f"{done}/{total}+?"
    return f"{done}/{total}  {100 * done // total}%"


def done_and_total(status: Status) -> tuple[int, int, bool]:
    """Return the number of instances with a result, of those known, and whether more will become known."""
    tasks = status["tasks"].values()
    done = sum(task["counts"].get(state, 0) for task in tasks for state in DONE)
    widths = [width(task) for task in tasks]
    return done, sum(filter(None, widths)), None in widths


def width(task: Status) -> int | None:
    """Return how many instances a task has, or None while that is not known; a plain job has one."""
    known: int | None = task["total"]
    return 1 if known is None and not task["array"] else known


def task_table(status: Status, screen: Screen) -> list[str]:
    """Return a line per task, with its counts."""
    rows: list[tuple[str, ...]] = [_HEADINGS]
    rows += [_task_row(name, task, screen) for name, task in status["tasks"].items()]
    return table(rows, right=range(2, 8))


def _task_row(name: str, task: Status, screen: Screen) -> tuple[str, ...]:
    counts = task["counts"]
    failed = sum(counts.get(state, 0) for state in ("failed", "cancelled", "skipped"))
    numbers = (
        counts.get("succeeded", 0),
        counts.get("reused", 0),
        counts.get("running", 0),
        counts.get("submitted", 0) + counts.get("pending", 0),
        failed,
    )
    total = "?" if width(task) is None else str(width(task))
    return (
        screen.glyph(task["state"]),
        screen.shorten(name, 30),
        *(str(number) if number else "-" for number in numbers),
        total,
        screen.shorten(_remark(task), 30),
    )


def _remark(task: Status) -> str:
    if task["state"] in ("failed", "skipped", "cancelled"):
        counts = task["counts"]
        others = [f"{counts[state]} {state}" for state in ("cancelled", "skipped") if counts.get(state)]
        return ", ".join(others) or ("" if task["state"] == "failed" else str(task["state"]))
    if task["state"] == "waiting" and task.get("waits_for"):
        return f"waits for {', '.join(task['waits_for'])}"
    return first_line(task.get("reason"))


def queue_lines(status: Status, screen: Screen) -> list[str]:
    """Return why elements wait in the scheduler's queue, one line per task and reason, of many the first ones."""
    queue = status.get("queue") or {"waits": {}}
    if status["state"] != "running":
        return []
    mark = screen.glyph("submitted")
    lines = []
    for task, reasons in queue["waits"].items():
        for reason, count in list(reasons.items())[:_REASONS]:
            who = screen.shorten(f"{task} ({count})", 30)
            lines.append(f"  {mark} queued    {who}  {first_line(reason)}")
        if (more := len(reasons) - _REASONS) > 0:
            lines.append(f"    and {plural(more, 'more reason')}: status --json lists all")
    if lines:
        lines.append(f"    as the scheduler said at {queue['as_of']}")
    return lines


def failure_lines(status: Status, screen: Screen) -> list[str]:
    """Return what failed, one line per cause."""
    causes = by_cause(status["failed"])
    mark = screen.glyph("failed")
    lines = []
    for error, (task, indices) in causes[:_CAUSES]:
        array = status["tasks"].get(task, {}).get("array", True)
        who = screen.shorten(elements(task, indices, array=array), 40)
        room = max(20, screen.width - len(who) - 15)
        lines.append(f"  {mark} failed    {who}  {screen.shorten(error, room)}")
    if len(causes) > _CAUSES:
        lines.append(f"    and {plural(len(causes) - _CAUSES, 'more cause')}: status --json lists all")
    return lines


def by_cause(failed: Sequence[Status]) -> list[tuple[str, tuple[str, list[int | None]]]]:
    """Return failures grouped by task and by the first line of their error, in order of appearance."""
    groups: dict[tuple[str, str], list[int | None]] = {}
    for failure in failed:
        cause = first_line(failure["error"]) or NO_REASON
        groups.setdefault((failure["task"], cause), []).append(failure["index"])
    return [(cause, (task, indices)) for (task, cause), indices in groups.items()]


def next_lines(status: Status, typed: Typed) -> list[str]:
    """Return what to type next, if there is something."""
    state = status["state"]
    if state == "running":
        alone = (status.get("driver") or {}).get("alive") is False  # a message says what to type
        return [] if alone else [f"next:  {typed('wait')}"]
    if state == "held":
        return [f"next:  {typed('advance')}   (it was rebuilt and waits for you)"]
    if state == "succeeded":
        return [f"next:  {typed('results')}"]
    logged = next((failure for failure in status["failed"] if failure.get("log")), None)
    if logged is None:
        return [f"next:  {typed('retry')}"]
    array = status["tasks"].get(logged["task"], {}).get("array", True)
    name = elements(logged["task"], [logged["index"]], array=array)
    return [f"next:  {typed('logs', name)}", f"       {typed('retry')}"]
