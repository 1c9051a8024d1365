"""What a submit would do, or has begun, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflow.view.screen import Screen
from reflow.view.table import table
from reflow.view.words import clock, first_line, plural, printable


def plan_text(preview: Mapping[str, Any], screen: Screen, *, verbose: bool = False) -> str:
    """Return the screen of a dry run.

    Args:
        preview: What `reflow.run.submit.preview` returns.
        verbose: Whether to add the scripts and commands.
    """
    tasks = preview["tasks"]
    rows = [_row(name, task, screen) for name, task in tasks.items()]
    lines = [f"{preview['workflow']}  {plural(len(tasks), 'task')}{_instances(tasks)}", ""]
    lines += table(rows)
    lines += ["", f"would submit {_to_run(tasks)}; nothing was written"]
    if preview.get("executor"):
        lines[-1] = f"would submit to {preview['executor']} {_to_run(tasks)}; nothing was written"
    if preview.get("messages"):
        lines += ["", *(f"  {printable(message)}" for message in preview["messages"])]
    if verbose:
        lines += ["", *preview.get("commands", ())]
    return "\n".join(lines)


def asks_for(resources: Mapping[str, Any]) -> str:
    """Return what an instance asks for in a few words: ``4 cpus  0:10:00``."""
    words = [plural(resources["cpus"], "cpu")] if resources.get("cpus", 1) != 1 else []
    words += [plural(resources["gpus"], "gpu")] if resources.get("gpus") else []
    words += [f"{resources['mem_mib']} MiB"] if resources.get("mem_mib") else []
    words += [clock(resources["time_s"])] if resources.get("time_s") else []
    return "  ".join(words)


def reason_lines(reasons: Sequence[tuple[str, int, int, str]], screen: Screen) -> list[str]:
    """Return why tasks are not reused, a line each.

    Args:
        reasons: Of each its name, how many of its instances run and how many are reused, and why.
    """
    rows = [
        (screen.shorten(name, 30), f"{run} run, {reused} reused" if reused else f"{run} run", first_line(why))
        for name, run, reused, why in reasons
    ]
    return ["not reused:", *table(rows)] if rows else []


def _row(name: str, task: Mapping[str, Any], screen: Screen) -> tuple[str, ...]:
    glyph = {"run": "queued", "reused": "reused"}.get(task["state"], "waiting")
    array = task.get("array", (task["total"] or 0) > 1)
    width = f"[{'?' if task['total'] is None else task['total']}]" if array else ""
    return (
        screen.glyph(glyph),
        screen.shorten(f"{name}{width}", 30),
        _fate(task),
        asks_for(task.get("resources") or {}),
    )


def _fate(task: Mapping[str, Any]) -> str:
    why = first_line(task.get("reason"))
    reason = f" ({why})" if why else ""
    if task["state"] == "unknown" or task["total"] is None:
        return why or "known when what comes before is done"
    if task["state"] == "reused":
        return f"reused{reason}"
    if task.get("reused"):
        return f"{task['run']} to run, {task['reused']} reused{reason}"
    return f"{task['run']} to run{reason}" if task["total"] != 1 else f"to run{reason}"


def _instances(tasks: Mapping[str, Any]) -> str:
    total = sum(task["total"] or 0 for task in tasks.values())
    more = any(task["total"] is None for task in tasks.values())
    return f", {plural(total, 'instance')}{' or more' if more else ''}" if total else ""


def _to_run(tasks: Mapping[str, Any]) -> str:
    run = sum(task.get("run") or 0 for task in tasks.values())
    more = any(task["total"] is None for task in tasks.values())
    return f"{'at least ' if more else ''}{plural(run, 'instance')}"
