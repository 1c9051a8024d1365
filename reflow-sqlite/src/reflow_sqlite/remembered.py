"""Instances as one connection wrote them: while nobody else writes, they need not be read back."""

from __future__ import annotations

from collections.abc import Mapping

from reflow.plugin import Changes, InstanceRow
from reflow_sqlite.insertion import plain

MOST = 20_000  #: rows that are remembered: about 10 MB


class Remembered:
    """The rows of the tasks that were written about last, as reading them would give them back."""

    def __init__(self, version: int) -> None:
        self._rows: dict[str, dict[int, InstanceRow]] = {}
        self._version = version

    def follow(self, version: int) -> None:
        """Forget everything if the file is of another ``data_version``: somebody else has written then."""
        if version != self._version:
            self._rows.clear()
            self._version = version

    def take(self, changes: Changes) -> None:
        """Take what was committed just now."""
        for task in changes.dropped:
            self._rows.pop(task, None)
        for row in changes.instances:
            kept = row if row.reason is None else row._replace(reason=plain(row.reason))
            self._rows.setdefault(row.task, {})[row.index] = kept
        while self._rows and sum(map(len, self._rows.values())) > MOST:
            del self._rows[next(iter(self._rows))]

    def forget(self) -> None:
        """Forget everything: what is in the file is not certain."""
        self._rows.clear()

    def of(self, task: str) -> Mapping[int, InstanceRow]:
        """Return the rows that are remembered of a task, by index: not all that there are, perhaps."""
        return self._rows.get(task, {})
