"""Times, counts and index ranges as people write them."""

from __future__ import annotations

from collections.abc import Iterable


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units: ``41s``, ``6m41s``, ``2h05m``, ``3d04h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def seconds(moment: str | None) -> float | None:
    """Return an ISO 8601 time in seconds since 1970."""
    if not moment:
        return None
    from datetime import datetime

    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def clock(seconds: int) -> str:
    """Return a time limit as schedulers write it: ``0:10:00``, ``1-12:00:00``."""
    days, rest = divmod(seconds, 86400)
    text = f"{rest // 3600}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}-{text.zfill(8)}" if days else text


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != ord("\n")}


def printable(text: str) -> str:
    """Return a text with its control characters but newlines written out, since a terminal would obey them."""
    return text.translate(_CONTROLS)


def first_line(reason: object) -> str:
    """Return the first line of a reason, printable; empty when there is none."""
    return printable((str(reason or "").strip().splitlines() or [""])[0])


def size_text(size: int) -> str:
    """Return a number of bytes in its largest unit: ``512 bytes``, ``3.4 MB``."""
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return plural(size, "byte")


def plural(count: int, word: str) -> str:
    """Return a count and its noun: ``1 task``, ``3 tasks``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def ranges(indices: Iterable[int]) -> str:
    """Return indices as ranges: ``0-79,81``."""
    parts: list[list[int]] = []
    for index in sorted(set(indices)):
        if parts and index == parts[-1][1] + 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def elements(task: str, indices: Iterable[int | None], *, array: bool = True) -> str:
    """Return instances of a task by their indices: ``convert[7,42]``; a plain job's is the task itself."""
    known = [index for index in indices if index is not None]
    return f"{task}[{ranges(known)}]" if array and known else task


_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def quoted(word: str) -> str:
    """Return a word as a shell takes it."""
    return word if word and _SAFE.issuperset(word) else "'" + word.replace("'", "'\"'\"'") + "'"
