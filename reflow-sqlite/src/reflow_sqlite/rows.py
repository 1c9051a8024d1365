"""The queries of a ledger, and the records that their rows become."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reflow.plugin import (
    AttemptRow,
    InstanceRow,
    InstanceState,
    OutputRow,
    Overview,
    RunState,
    StoredValue,
    SubmissionRow,
    TaskRow,
    TaskState,
    Unpublished,
)
from reflow_sqlite.connection import Connection, Row
from reflow_sqlite.schema import CODES, STATES
from reflow_sqlite.seals import seal

NAMES_AT_ONCE = 500  #: numbers in one query, so that its text stays short

SUBMISSIONS = """
SELECT t.token, number, task, count, instances, pack, state, created, native_id, ended, logs
FROM submissions s JOIN tokens t ON t.id = s.token
"""
INSTANCES = """
SELECT i.idx, i.state, i.identity, i.attempt,
  CASE WHEN typeof(i.output) = 'integer' THEN o.output ELSE i.output END,
  i.token, i.position, i.fresh, i.parts, i.tries, i.reason
FROM instances i LEFT JOIN outputs o ON (o.number, o.task, o.idx) = (i.output, i.task, i.idx)
WHERE i.task = (SELECT id FROM tasks WHERE name = ?)
"""
ITEMS = """
SELECT i.idx, o.items FROM instances i JOIN outputs o ON (o.number, o.task, o.idx) = (i.output, i.task, i.idx)
WHERE i.task = (SELECT id FROM tasks WHERE name = ?) AND o.items IS NOT NULL
"""
VALUES = """
SELECT i.idx, o.output, o.value, o.items, o.seal
FROM instances i LEFT JOIN outputs o ON (o.number, o.task, o.idx) = (i.output, i.task, i.idx)
WHERE i.task = (SELECT id FROM tasks WHERE name = ?) AND i.idx > ?
"""
ATTEMPTS = """
SELECT n.name, idx, attempt, t.token, element, start, a.state,
  started, ended + coalesce(started, 0), log_start, log_end + coalesce(log_start, 0),
  a.reason, error, h.host
FROM attempts a JOIN tasks n ON n.id = a.task JOIN tokens t ON t.id = a.token LEFT JOIN hosts h ON h.id = a.host
WHERE true
"""
UNPUBLISHED = """
SELECT o.number, n.name, o.idx, o.attempt, o.output, o.value, o.items, o.reusable, o.paths, o.seal,
  coalesce(f.identity, i.identity), coalesce(f.parts, i.parts), coalesce(a.ended + coalesce(a.started, 0), r.updated)
FROM run r JOIN outputs o ON o.number > r.published JOIN tasks n ON n.id = o.task
  LEFT JOIN origins f ON f.number = o.number
  LEFT JOIN instances i ON i.task = o.task AND i.idx = o.idx
  LEFT JOIN attempts a ON a.task = o.task AND a.idx = o.idx AND a.attempt = o.attempt
ORDER BY o.number LIMIT ?
"""


class Torn(Exception):
    """A row that is not as it was written."""


def chosen(table: str, states: Collection[InstanceState], indices: Collection[int]) -> Iterator[str]:
    """Yield conditions that together choose rows by state and index, in ascending order of indices."""
    of_states = ""
    if states:
        of_states = f" AND {table}.state IN ({','.join(str(CODES[state.value]) for state in states)})"
    ordered = sorted(set(indices))
    for first in range(0, len(ordered), NAMES_AT_ONCE):
        some = ",".join(str(int(index)) for index in ordered[first : first + NAMES_AT_ONCE])
        yield f"{of_states} AND {table}.idx IN ({some})"
    if not ordered:
        yield of_states


def read_overview(connection: Connection) -> Overview:
    """Read a run at a glance; no query grows with the number of instances."""
    read = connection.read
    with connection.snapshot():
        (run,) = read("SELECT run_id, workflow, state, epoch, created, updated, ended, published FROM run")
        tasks = read("SELECT id, name, state, total, reason, parts FROM tasks ORDER BY id")
        counted = read("SELECT id / 8, id % 8, instances FROM counts WHERE instances > 0 ORDER BY id")
        submissions = read(SUBMISSIONS + "WHERE state IN ('intent', 'open') ORDER BY number, s.token")
        ((outputs,),) = read("SELECT coalesce(max(number), 0) FROM outputs")
    counts: dict[int, dict[InstanceState, int]] = {task[0]: {} for task in tasks}
    for task, code, instances in counted:
        counts[task][STATES[code]] = instances
    run_id, workflow, state, epoch, created, updated, ended, published = run
    return Overview(
        *(run_id, workflow, RunState(state), epoch, created, updated, ended),
        tasks={name: TaskRow(name, TaskState(word), *rest) for _, name, word, *rest in tasks},
        counts={name: counts[number] for number, name, *_ in tasks},
        submissions=[SubmissionRow(*row) for row in submissions],
        published=published,
        outputs=outputs,
    )


def read_instances(
    connection: Connection, task: str, states: Collection[InstanceState], indices: Collection[int]
) -> list[InstanceRow]:
    """Read instances of a task by ascending index."""
    instances: list[InstanceRow] = []
    with connection.snapshot():
        tokens: dict[int | None, str | None] = {
            None: None,
            **dict(connection.read("SELECT id, token FROM tokens")),
        }
        for some in chosen("i", states, indices):
            found = connection.read(f"{INSTANCES}{some} ORDER BY i.idx", (task,))
            instances += [_instance(task, tokens, row) for row in found]
        if not states and not indices and len(instances) != _counted(connection, task):
            raise Torn(f"the number of instances of {task}")
    return instances


def _instance(task: str, tokens: dict[int | None, str | None], row: Row) -> InstanceRow:
    index, code, identity, attempt, output, token, position, fresh, parts, tries, reason = row
    submission = tokens[token]
    return InstanceRow(
        task,
        index,
        STATES[code],
        identity,
        attempt,
        output,
        submission,
        position,
        fresh == 1,
        parts,
        tries,
        reason,
    )


def _counted(connection: Connection, task: str) -> int:
    ((counted,),) = connection.read(
        "SELECT coalesce(sum(c.instances), 0) FROM tasks t JOIN counts c ON c.id / 8 = t.id WHERE t.name = ?",
        (task,),
    )
    return int(counted)


def attempt_of(row: Row) -> AttemptRow:
    """Return the record of a row of `ATTEMPTS`."""
    task, index, attempt, token, element, start, code, *rest = row
    return AttemptRow(task, index, attempt, token, element, start, STATES[code], *rest)


def value_of(task: str, row: Row) -> StoredValue:
    """Return the record of a row of `VALUES`."""
    index, output, value, items, sealed = row
    if value is None or seal(value, output, items) != sealed:
        raise Torn(f"the value of {task}[{index}]")
    return StoredValue(index, output, value)


def unpublished_of(row: Row) -> Unpublished:
    """Return the record of a row of `UNPUBLISHED`; what it was made from may be known no more."""
    number, task, index, attempt, output, value, items, reusable, paths, sealed, identity, parts, created = (
        row
    )
    if seal(value, output, items) != sealed:
        raise Torn(f"the value of {task}[{index}]")
    known = identity is not None
    kept = OutputRow(task, index, attempt, output, value, items, bool(reusable and known), bool(paths))
    return Unpublished(number, kept, identity or b"", parts or b"", created)
