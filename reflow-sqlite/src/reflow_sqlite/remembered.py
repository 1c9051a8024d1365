"""Instances as one connection wrote them: while nobody else writes, they need not be read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reflow.plugin import InstanceRow

MOST = 20_000  #: rows that are remembered: about 10 MB

Rows = dict[str, dict[int, InstanceRow]]


class Remembered:
    """The rows of the tasks that were written about last, as reading them would give them back."""

    def __init__(self, version: int) -> None:
        self._rows: Rows = {}
        self._version = version

    def follow(self, version: int) -> None:
        """Forget everything if the file is of another ``data_version``: somebody else has written then."""
        if version != self._version:
            self._rows = {}
            self._version = version

    def lend(self) -> Rows:
        """Give everything away before something is written: whatever interrupts that, it is forgotten until `take`."""
        rows, self._rows = self._rows, {}
        return rows

    def take(self, known: Rows, dropped: Iterable[str], written: Sequence[InstanceRow]) -> None:
        """Remember what was lent, and what has been committed since.

        Args:
            dropped: Tasks all of whose instances were taken away before the others were written.
            written: Instances as they were written, in that order.
        """
        for task in dropped:
            known.pop(task, None)
        for task in dict.fromkeys(row.task for row in written):
            known[task] = known.pop(task, {})  # what was written about last is forgotten last
        for row in written:
            known[row.task][row.index] = row
        while known and sum(map(len, known.values())) > MOST:
            del known[next(iter(known))]
        self._rows = known

    def of(self, task: str) -> Mapping[int, InstanceRow]:
        """Return the rows that are remembered of a task, by index: not all that there are, perhaps."""
        return self._rows.get(task, {})
