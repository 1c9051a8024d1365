"""A run at a glance, and the instances of a task: what is counted and what is there must agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reflow.plugin import AttemptRow, InstanceRow, InstanceState, Overview, RunState, SubmissionRow, TaskRow
from reflow_sqlite import rows
from reflow_sqlite.connection import Connection, Row
from reflow_sqlite.failures import Torn
from reflow_sqlite.numbers import Names, TaskNumbers
from reflow_sqlite.remembered import Remembered
from reflow_sqlite.schema import CODES, STATES

_SMALL = ("run", "tasks", "counts", "submissions", "tokens", "hosts")


class Reader:
    """Reads one ledger; what never changes of it is read once.

    Attributes:
        tasks: As they were when it was opened, by number; names and order never change.
        numbers: By name.
        touched: Numbers of those that this connection has written about since they were read for an overview.
        remembered: Instances as this connection wrote them.
        created: When the run was made.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        read = self.read = connection.read
        self.tokens = Names("tokens", read)
        self.hosts = Names("hosts", read)
        connection.check_tables(*_SMALL)
        self.tasks: dict[int, TaskRow] = rows.tasks_of(read(rows.TASKS))
        self.numbers = TaskNumbers({row.task: number for number, row in self.tasks.items()})
        self.touched: set[int] = set()
        self.remembered = Remembered(self._data_version())
        self._version: int | None = None  # of the file, when the next two were read
        self._rows: dict[int, TaskRow] = {}
        self._counts: dict[str, dict[InstanceState, int]] = {}
        self.created = self.run().created

    def run(self) -> rows.RunRow:
        """Return what the ledger says of its run."""
        return rows.run_of(self.read(rows.RUN))

    def number(self, task: str) -> int | None:
        """Return the number of a task, or None for one that the run does not have."""
        return self.numbers.get(task)

    def counts(self, task: int | None = None) -> dict[int, int]:
        """Return what is counted of one task, or of all, by the ids of that table."""
        if task is None:
            return rows.counts_of(self.read(rows.COUNTS), self.tasks.keys())
        return rows.counts_of(self.read(rows.COUNTS_OF, (task,)), {task})

    def overview(self) -> Overview:
        """Return the run at a glance; no query grows with the number of instances."""
        with self._connection.snapshot():
            run = self.run()
            self._read_on()
            found = self.read(rows.SUBMISSIONS + "WHERE state IN ('intent', 'open') ORDER BY number, token")
            submissions = [rows.submission_of(row, self.tokens) for row in found]
            ((outputs,),) = self.read("SELECT coalesce(max(number), 0) FROM outputs")
        return Overview(
            *(run.run_id, run.workflow, RunState(run.state), run.epoch, run.created, run.updated, run.ended),
            tasks={row.task: row for row in self._rows.values()},
            counts=dict(self._counts),
            submissions=submissions,
            published=run.published,
            outputs=outputs,
        )

    def _read_on(self) -> None:
        """Read what may have changed of tasks: what this connection has written, or all where another one wrote.

        A run writes about few tasks at a time, however many it has.
        """
        version = self._data_version()
        if version != self._version or 2 * len(self.touched) > len(self.tasks):
            self._rows = rows.tasks_of(self.read(rows.TASKS))
            counted = self.counts()
            self._counts = {row.task: _by_state(number, counted) for number, row in self._rows.items()}
        else:
            for number in self.touched:
                self._rows |= rows.tasks_of(self.read(rows.TASK, (number,)))
                self._counts[self._rows[number].task] = _by_state(number, self.counts(number))
        self._version = version
        self.touched.clear()

    def instances(
        self, task: str, states: Collection[InstanceState], indices: Collection[int]
    ) -> list[InstanceRow]:
        """Return instances of a task by ascending index."""
        number = self.number(task)
        if number is None:
            return []
        found: list[InstanceRow] = []
        with self._connection.snapshot():
            if (known := self._remembered(task, number, indices)) is not None:
                return [row for row in known if not states or row.state in states]
            for some in rows.chosen("i", states, indices):
                read = self.read(f"{rows.INSTANCES}{some} ORDER BY i.idx", (number,))
                found += [rows.instance_of(number, task, row, self.tokens) for row in read]
            if not indices:
                counts = self.counts(number)
                codes = {CODES[state.value] for state in states} or range(8)
                if len(found) != sum(counts[8 * number + code] for code in codes):
                    raise Torn(f"the number of instances of {task}")
        return found

    def _remembered(self, task: str, number: int, indices: Collection[int]) -> list[InstanceRow] | None:
        """Return instances of a task by ascending index, if what was written of them last is remembered."""
        self.remembered.follow(self._data_version())
        known = self.remembered.of(task)
        if not known:
            return None
        if indices:
            wanted = sorted(set(indices))
            return [known[index] for index in wanted] if known.keys() >= set(wanted) else None
        counts = self.counts(number)
        is_all = len(known) == sum(counts[8 * number + code] for code in range(8))
        return [known[index] for index in sorted(known)] if is_all else None

    def _data_version(self) -> int:
        """Return what changes when another connection writes (https://sqlite.org/pragma.html#pragma_data_version)."""
        ((version,),) = self.read("PRAGMA data_version")
        return int(version)

    def attempts(
        self, task: str | None, states: Collection[InstanceState], indices: Collection[int]
    ) -> list[AttemptRow]:
        """Return attempts by task, index and number."""
        number = None if task is None else self.number(task)
        of_task = "" if task is None else f" AND a.task = {number or 0}"
        found: list[AttemptRow] = []
        with self._connection.snapshot():
            for some in rows.chosen("a", states, indices):
                read = self.read(rows.ATTEMPTS + of_task + some)
                found += [
                    rows.attempt_of(row, self.tasks, self.tokens, self.hosts, self.created) for row in read
                ]
            if not states and not indices:
                counts = self.counts(number)
                wanted = self.tasks if task is None else [number] if number else []
                if len(found) != sum(counts[-one] for one in wanted):
                    raise Torn("the number of attempts")
        return sorted(found, key=lambda row: row[:3])

    def submissions(self, tokens: Collection[str]) -> list[SubmissionRow]:
        """Return submissions, oldest first: all, or those of ``tokens``."""
        found: list[Row] = []
        if not tokens:
            found = self.read(f"{rows.SUBMISSIONS} ORDER BY number, token")
        for number in sorted(self._token_numbers(tokens)):
            found += self.read(f"{rows.SUBMISSIONS} WHERE token = ?", (number,))
        submissions = [rows.submission_of(row, self.tokens) for row in found]
        return sorted(submissions, key=lambda row: row.number) if tokens else submissions

    def _token_numbers(self, tokens: Collection[str]) -> set[int]:
        """Return the numbers of those tokens that the ledger knows."""
        if any(self.tokens.number(token) is None for token in tokens):
            self.tokens.read_on()
        return {number for token in tokens if (number := self.tokens.number(token)) is not None}

    def segments(self, token: str) -> set[str]:
        """Return the segments of a submission that have been taken in."""
        numbers = self._token_numbers([token])
        return {rows.segment_of(row) for number in numbers for row in self.read(rows.SEGMENTS, (number,))}


def _by_state(task: int, counted: Mapping[int, int]) -> dict[InstanceState, int]:
    """Return how many instances of a task are in each state that some are in."""
    return {STATES[code]: count for code in range(8) if (count := counted[8 * task + code])}
