"""The queries of a ledger, and the records that their rows become: each of them as it was written, or `Torn`."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from reflow.plugin import (
    AttemptRow,
    InstanceRow,
    InstanceState,
    NamedTuple,
    OutputRow,
    StoredValue,
    SubmissionRow,
    TaskRow,
    TaskState,
)
from reflow_sqlite.connection import Row
from reflow_sqlite.failures import Torn
from reflow_sqlite.schema import CODES, STATES
from reflow_sqlite.seals import (
    LONG,
    NOTHING,
    check_row,
    digests_seal,
    has_sealed_head,
    is_sealed,
    value_seal,
)

NAMES_AT_ONCE = 500  #: numbers in one query, so that its text stays short

RUN = "SELECT run_id, workflow, state, epoch, created, updated, ended, published, written, seal FROM run"
TASKS = "SELECT id, name, state, total, reason, parts, seal FROM tasks NOT INDEXED ORDER BY id"
TASK = "SELECT id, name, state, total, reason, parts, seal FROM tasks NOT INDEXED WHERE id = ?"
COUNTS = "SELECT id, counted, mirror FROM counts ORDER BY id"
COUNTS_OF = "SELECT id, counted, mirror FROM counts WHERE id = -?1 OR id BETWEEN 8 * ?1 AND 8 * ?1 + 7"
SUBMISSIONS = """
SELECT token, number, task, count, instances, pack, state, created, native_id, ended, logs, seal
FROM submissions
"""
SEGMENTS = "SELECT token, name, seal FROM segments WHERE token = ?"
_OUTPUT = """
o.number, o.task, o.idx, o.attempt, o.output, o.reusable, o.paths, o.seal
"""
_LINKED = "outputs o ON (o.number, o.task, o.idx) = (i.output, i.task, i.idx)"
INSTANCES = f"""
SELECT i.idx, i.state, i.identity, i.attempt, i.output, i.token, i.position, i.fresh, i.parts, i.tries, i.reason,
  i.seal, {_OUTPUT}, CASE WHEN o.seal < {LONG} THEN o.value END, CASE WHEN o.seal < {LONG} THEN o.items END
FROM instances i LEFT JOIN {_LINKED} WHERE i.task = ?
"""
VALUES = f"""
SELECT i.idx, {_OUTPUT}, o.value, o.items FROM instances i LEFT JOIN {_LINKED} WHERE i.task = ? AND i.idx > ?
"""
ATTEMPTS = """
SELECT task, idx, attempt, token, element, start, state, started, ended, log_start, log_end, host, reason, error, seal
FROM attempts a WHERE true
"""
_MADE_FROM = """
coalesce(f.identity, i.identity), coalesce(f.parts, i.parts), a.started, a.ended
"""
_ATTEMPT = "attempts a ON a.task = o.task AND a.idx = o.idx AND a.attempt = o.attempt"
UNPUBLISHED = f"""
SELECT {_OUTPUT}, o.value, o.items, {_MADE_FROM}
FROM outputs o LEFT JOIN origins f ON f.number = o.number
  LEFT JOIN instances i ON i.task = o.task AND i.idx = o.idx LEFT JOIN {_ATTEMPT}
WHERE o.number > ? ORDER BY o.number LIMIT ?
"""
KEPT = f"""
SELECT {_OUTPUT}, o.value, o.items, i.identity, i.parts, a.started, a.ended
FROM instances i JOIN {_LINKED} LEFT JOIN {_ATTEMPT}
WHERE i.task = ? AND i.idx > ? AND i.state = {CODES["succeeded"]} ORDER BY i.idx LIMIT ?
"""

Tokens = Mapping[int, str] | Any  #: names by their numbers


class RunRow(NamedTuple):
    """The one row of ``run``, but for its key and its seal."""

    run_id: str
    workflow: str
    state: str
    epoch: int
    created: int
    updated: int
    ended: int | None
    published: int
    written: int


def run_of(rows: list[Row]) -> RunRow:
    """Return what a ledger says of its run."""
    if len(rows) != 1:
        raise Torn("what it says of its run")
    *columns, sealed = rows[0]
    check_row("run", columns, sealed, "what it says of its run")
    return RunRow(*columns)


def tasks_of(rows: list[Row]) -> dict[int, TaskRow]:
    """Return all tasks by their numbers."""
    found = {}
    for number, name, state, *rest, sealed in rows:
        check_row("tasks", (number, name, state, *rest), sealed, f"the task {name!r}")
        found[number] = TaskRow(name, TaskState(state), *rest)
    return found


def counts_of(rows: list[Row], tasks: Collection[int]) -> dict[int, int]:
    """Return what is counted of all tasks."""
    counts = {number: counted for number, counted, mirror in rows if mirror == 1_000_003 * counted + number}
    wanted = {number for task in tasks for number in (-task, *range(8 * task, 8 * task + 8))}
    if counts.keys() != wanted or min(counts.values(), default=0) < 0:
        raise Torn("the number of its instances")
    return counts


def submission_of(row: Row, tokens: Tokens) -> SubmissionRow:
    """Return the record of a row of `SUBMISSIONS`."""
    *columns, sealed = row
    check_row("submissions", columns, sealed, f"the submission {columns[1]}")
    return SubmissionRow(tokens[columns[0]], *columns[1:])


def segment_of(row: Row) -> str:
    """Return the name in a row of `SEGMENTS`."""
    token, name, sealed = row
    check_row("segments", (token, name), sealed, f"the segment {name!r}")
    return str(name)


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


def instance_seal(
    digests: tuple[bytes, bytes, bytes | None],
    numbers: tuple[int, int, int, int, int | None, int | None, int],
    texts: tuple[str | None, str | None],
) -> int:
    """Return the seal of an instance.

    Args:
        digests: Its identity, its parts and its output.
        numbers: Its task, index, state, attempt, token, position and whether it is fresh.
        texts: Its tries and its reason.
    """
    identity, parts, output = digests
    task, index, code, attempt, token, position, fresh = numbers
    joined = identity + parts if output is None else identity + parts + output
    return digests_seal(
        joined,
        (
            *(output is not None, len(parts), task, index, code, attempt),
            *(NOTHING if token is None else token, NOTHING if position is None else position, fresh),
        ),
        texts,
    )


def instance_of(task: int, name: str, row: Row, tokens: Tokens) -> InstanceRow:
    """Return the record of a row of `INSTANCES`."""
    index, code, identity, attempt, kept, token, position, fresh, parts, tries, reason, sealed = row[:12]
    output = kept
    if isinstance(kept, int):
        output = checked_head(name, row[12:])[4]
    submission = None if token is None else tokens[token]
    numbers = (task, index, code, attempt, token, position, fresh)
    if instance_seal((identity, parts, output), numbers, (tries, reason)) != sealed:
        raise Torn(f"{name}[{index}]")
    return InstanceRow(
        *(name, index, STATES[code], identity, attempt, output, submission, position, fresh == 1),
        *(parts, tries, reason),
    )


def output_seal(head: Row, value: str, items: bytes | None) -> int:
    """Return the seal of an output; ``head`` is the columns of `_OUTPUT` but the seal."""
    number, task, index, attempt, output, reusable, paths = head
    return value_seal(output, (number, task, index, attempt, reusable, paths), value, items)


def checked_head(name: str, row: Row) -> Row:
    """Return the columns of `_OUTPUT` and what follows, sound as far as they were read."""
    number, task, index, attempt, output, reusable, paths, sealed, value, items = row[:10]
    columns = (number, task, index, attempt, reusable, paths)
    if sealed is None or not (
        has_sealed_head(sealed, output, columns)
        if value is None
        else is_sealed(sealed, output, columns, value, items)
    ):
        raise Torn(f"the output of {name}[{index}]")
    return row


def value_of(name: str, row: Row) -> StoredValue:
    """Return the record of a row of `VALUES`."""
    index = row[0]
    *_, output, _, _, _, value, _ = _whole(f"{name}[{index}]", row[1:])
    return StoredValue(index, output, value)


def items_of(name: str, row: Row) -> tuple[int, bytes] | None:
    """Return the index and the digests of the items in a row of `VALUES`; None where it is no list."""
    items = _whole(f"{name}[{row[0]}]", row[1:])[9]
    return None if items is None else (row[0], items)


def _whole(what: str, row: Row) -> Row:
    number, task, index, attempt, output, reusable, paths, sealed, value, items = row[:10]
    columns = (number, task, index, attempt, reusable, paths)
    if value is None or not is_sealed(sealed, output, columns, value, items):
        raise Torn(f"the value of {what}")
    return row


def made_of(tasks: Mapping[int, TaskRow], row: Row, run: RunRow) -> tuple[int, OutputRow, bytes, bytes, int]:
    """Return the number, the output, and what is known of it in a row of `UNPUBLISHED` or `KEPT`."""
    number, task, index, attempt, output, reusable, paths, _, value, items, *known = row
    name = tasks[task].task
    _whole(f"{name}[{index}]", row)
    identity, parts, started, ended = known
    is_known = identity is not None
    kept = OutputRow(name, index, attempt, output, value, items, bool(reusable and is_known), bool(paths))
    since = 0 if started is None else started + run.created
    created = run.updated if ended is None else ended + since
    return number, kept, identity or b"", parts or b"", created


def attempt_columns(
    task: int, row: AttemptRow, token: int, host: int | None, created: int
) -> tuple[Any, ...]:
    """Return the columns of an attempt, but for its seal."""
    started = None if row.started is None else row.started - created
    return (
        *(task, row.index, row.attempt, token, row.element, row.start, CODES[row.state._value_], started),
        *(_since(row.ended, row.started), row.log_start, _since(row.log_end, row.log_start), host),
    )


def attempt_seal(columns: Sequence[Any]) -> int:
    """Return the seal of an attempt, given all its columns."""
    numbers = [NOTHING if column is None else column for column in columns[:12]]
    return digests_seal(b"attempts", numbers, tuple(columns[12:]))


def attempt_of(
    row: Row, tasks: Mapping[int, TaskRow], tokens: Tokens, hosts: Tokens, created: int
) -> AttemptRow:
    """Return the record of a row of `ATTEMPTS`."""
    *columns, sealed = row
    if attempt_seal(columns) != sealed:
        raise Torn(f"an attempt at instance {columns[1]}")
    task, index, attempt, token, element, start, code, since, ended, log_start, log_end, host, *rest = columns
    started = None if since is None else since + created
    return AttemptRow(
        *(tasks[task].task, index, attempt, tokens[token], element, start, STATES[code]),
        *(started, _after(ended, started), log_start, _after(log_end, log_start)),
        *(*rest, None if host is None else hosts[host]),
    )


def _since(end: int | None, start: int | None) -> int | None:
    return end if end is None or start is None else end - start


def _after(end: int | None, start: int | None) -> int | None:
    return end if end is None or start is None else end + start


def read_run(db: sqlite3.Connection) -> RunRow:
    """Return what a ledger says of its run, in a transaction."""
    return run_of(db.execute(RUN).fetchall())
