"""What the oracle remembers: the files that there are, and the results that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MISSING = ("missing",)

Stamps = list[tuple[Path, Any]]


class Files:
    """A disk: the text of each file, and when it was written, by a clock that stands still between writes."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, int]] = {}
        self.names: set[str] = set()  # of all files that there ever were
        self._clock = 0

    def tick(self) -> int:
        self._clock += 1
        return self._clock

    def look(self, name: str) -> tuple[str, int] | None:
        return self.found.get(name)

    def put(self, name: str, text: str, time: int) -> None:
        self.found[name] = text, time
        self.names.add(name)

    def remove(self, name: str) -> None:
        del self.found[name]

    def stamp(self, path: Path, track: str) -> Any:
        if track == "path":
            return None
        if path.name not in self.found:
            return MISSING
        text, time = self.found[path.name]
        return ("content", text) if track == "content" else ("stat", len(text), time)

    def differs(self, path: Path, stamp: Any) -> Any:
        """Return what a stamp is now, where that is something else."""
        now = None if stamp is None else self.stamp(path, "content" if stamp[0] == "content" else "stat")
        return now if now != stamp else None

    def verdict(self, row: Row) -> str:
        """Return whether the files of a result are as they were made: one that changed is worse than one gone."""
        changed = [self.differs(path, stamp) for path, stamp in row.stamps]
        if any(now is not None and now != MISSING for now in changed):
            return "changed"
        return "missing" if any(path.name not in self.found for path, _ in row.stamps) else "holds"


class Row:
    """A result: what those behind it see, the value, the newest stamps of the files in that, and whose code it is."""

    def __init__(self, output: Any, value: Any, stamps: Stamps, code: Any) -> None:
        self.output, self.value, self.stamps, self.code = output, value, stamps, code
        self.is_stale = False


class Kept:
    """The results, by identity: rows in the order in which they were made."""

    def __init__(self) -> None:
        self._rows: dict[Any, list[Row]] = {}

    def add(self, identity: Any, row: Row) -> None:
        self._rows.setdefault(identity, []).append(row)

    def current(self, identity: Any, code: Any) -> Row | None:
        """Return the newest that is not stale: of this code, or of other code where there is none."""
        rows = [row for row in self._rows.get(identity, []) if not row.is_stale]
        return next(reversed([row for row in rows if row.code == code] or rows), None)

    def newest(self, identity: Any, output: Any) -> Row:
        """Return the newest of an output, stale or not: it has the newest stamps."""
        return [row for row in self._rows[identity] if row.output == output][-1]

    def forget(self, identity: Any, output: Any = None) -> None:
        """Make one output stale, or all."""
        for row in self._rows.get(identity, ()):
            row.is_stale = row.is_stale or output is None or row.output == output


def content(value: Any, stamps: Stamps) -> Any:
    """Return what a value is known by: each path with the stamp of its file."""
    known = dict(stamps)
    if isinstance(value, list):
        return "list", tuple(content(item, stamps) for item in value)
    return ("path", value.name, known[value]) if isinstance(value, Path) else ("int", value)


def is_alike(before: Row, now: Row) -> bool:
    """Whether an output is the same but for the times of its files, and of the same code."""
    sizes = [[stamp and stamp[:2] for _, stamp in row.stamps] for row in (before, now)]
    return before.value == now.value and sizes[0] == sizes[1] and before.code == now.code
