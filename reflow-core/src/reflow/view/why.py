"""Why an instance is as it is, as text: the answer first, then what it was compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from reflow.view.screen import Screen
from reflow.view.table import table
from reflow.view.words import clock, duration, elements, first_line, printable, ranges, seconds

Facts = Mapping[str, Any]
Typed = Callable[..., str]  #: the full command line of a command and its arguments, ready to paste

_QUESTIONS = {
    "succeeded": "ran",
    "reused": "was reused",
    "failed": "ran",
    "running": "runs",
    "submitted": "runs",
    "pending": "waits",
    "waiting": "waits",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
}
_VALUE = 24  #: letters of a value that are shown, then and now each
_OTHERS = 50  #: letters


def why_text(told: Sequence[Facts], screen: Screen, now_s: float, typed: Typed | None = None) -> str:
    """Return explanations as text.

    Args:
        told: What `reflow.run.why.Explanation.facts` returns.
        now_s: Seconds since 1970, to say how long ago things were.
        typed: Writes out commands; without it none are suggested.
    """
    return "\n\n".join("\n".join(_lines(one, screen, now_s, typed)) for one in told)


def _lines(told: Facts, screen: Screen, now_s: float, typed: Typed | None) -> Iterator[str]:
    name = _name(told)
    yield f"{name}  {screen.glyph(told['state'])} {screen.paint(told['state'], told['state'])}"
    if told["others"]:
        others = screen.shorten(ranges(told["others"]), _OTHERS)
        yield f"  also {told['state']}: {told['task']}[{others}]"
    if told["failure"] is not None:
        yield from _failure_lines(told["failure"], screen)
    yield f"  why it {_question(told)}: {first_line(told['reason'])}"
    yield from _queue_lines(told["queue"])
    yield from _earlier_lines(told, now_s)
    yield from _part_lines(told["parts"], screen)
    for note in told["notes"]:
        yield f"  {printable(note)}"
    if typed is not None:
        yield from _next_lines(told, name, typed)


def _name(told: Facts) -> str:
    return elements(told["task"], [told["index"]], array=told["array"])


def _question(told: Facts) -> str:
    return "failed" if told["cause"] == "expansion" else _QUESTIONS[told["state"]]


def _failure_lines(failure: Facts, screen: Screen) -> Iterator[str]:
    kind = f"{failure['type']}: " if failure["type"] else ""
    yield f"  why it failed: {kind}{first_line(failure['message'])}"
    for frame in failure["frames"]:
        yield f"    {frame['file']}:{frame['line']}, in {frame['function']}"
        if frame["code"]:
            yield f"        {screen.shorten(printable(frame['code']), screen.width - 8)}"
        if frame["arguments"]:
            yield f"        with {screen.shorten(_given(frame), screen.width - 13)}"
    if failure["arguments"]:
        yield f"  it was given: {screen.shorten(_given(failure), screen.width - 16)}"
    yield from (f"  {line}" for line in (_spent_time(failure), _spent_memory(failure)) if line)
    if failure["log"]:
        yield f"  its log: {failure['log']}"


def _given(told: Facts) -> str:
    return printable("  ".join(f"{name}={value}" for name, value in told["arguments"].items()))


def _spent_time(failure: Facts) -> str:
    """Return how long an attempt took of what it asked for, and where."""
    asked = f"{clock(failure['asked_s'])} that it asked for" if failure["asked_s"] else ""
    parts = [f"it asked for {clock(failure['asked_s'])}"] if asked else []
    if failure["took_s"] is not None:
        took = duration(failure["took_s"]) if failure["took_s"] >= 1 else "less than 1s"
        parts = [f"it took {took} of {asked}" if asked else f"it took {took}"]
    if failure["host"]:
        parts.append(f"on {failure['host']}" if parts else f"it was on {failure['host']}")
    return ", ".join(parts)


def _spent_memory(failure: Facts) -> str:
    """Return how much memory its worker had held of what an attempt asked for."""
    asked = f"{failure['asked_mem_mib']} MiB" if failure["asked_mem_mib"] else ""
    if not failure["peak_mib"]:
        return f"it asked for {asked}" if asked else ""
    held = f"its worker had held up to {failure['peak_mib']} MiB by then"
    return f"{held}, of {asked} that it asked for" if asked else held


def _queue_lines(queue: Facts | None) -> Iterator[str]:
    if queue is None:
        return
    job = f"{queue['job']}, " if queue["job"] else ""
    at_work = f"{queue['at_work']} of its instances {'is' if queue['at_work'] == 1 else 'are'} at work"
    yield f"  {job}handed over at {queue['since']}; {at_work}"
    for reason, count in queue["reasons"].items():
        yield f"  in the queue: {first_line(reason)} ({count} waiting, as of {queue['as_of']})"


def _earlier_lines(told: Facts, now_s: float) -> Iterator[str]:
    earlier = told["earlier"]
    if earlier is None:
        return
    made = seconds(earlier["created_at"])
    ago = f", {duration(now_s - made)} ago" if made is not None else ""
    what = "the result that it took" if told["cause"] == "reused" else "the nearest earlier result"
    name = elements(told["task"], [earlier["index"]], array=told["array"])
    yield f"  {what}: {name} of run {earlier['run_id']}{ago}"


def _part_lines(parts: Sequence[Facts], screen: Screen) -> Iterator[str]:
    if not parts:
        return
    rows: list[tuple[str, ...]] = [("", "", "then", "now", "")]
    for part in parts:
        then, now = (_value(part[when], screen) for when in ("then", "now"))
        mark = screen.glyph("failed") if part["changed"] else "="
        rows.append((_part_name(part), mark, then, now, _remark(part)))
    yield ""
    yield from table(rows)


def _part_name(part: Facts) -> str:
    name = part["name"] if part["kind"] == "input" else part["kind"]
    return f"{name} from {part['origin']}" if part["origin"] else str(name)


def _value(value: str | None, screen: Screen) -> str:
    return "-" if value is None else screen.shorten(printable(value), _VALUE)


def _remark(part: Facts) -> str:
    if not part["changed"]:
        return ""
    others = " and ".join(f"{task}[{ranges(indices)}]" for task, indices in part["elements"].items())
    what = others or printable(part["definitions"])
    if not what and part["names_files"] and part["then"] == part["now"]:
        what = "a file behind it"
    return f"<- changed: {what}" if what else "<- changed"


def _next_lines(told: Facts, name: str, typed: Typed) -> Iterator[str]:
    if told["state"] == "failed" and told["failure"] is not None and told["failure"]["log"]:
        yield f"next:  {typed('logs', name)}"
    if told["state"] in ("failed", "cancelled"):
        yield f"next:  {typed('retry', name)}"
