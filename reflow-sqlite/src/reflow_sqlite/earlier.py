"""Results that were made earlier of the same task, to tell what is different now: few rows, found by index."""

from __future__ import annotations

from collections.abc import Mapping

from reflow.plugin import Context, EarlierResult
from reflow_sqlite.appending import CONTEXT as _CONTEXTS
from reflow_sqlite.appending import check_result
from reflow_sqlite.connection import Row
from reflow_sqlite.seals import LONG

CONTEXTS = 30  #: contexts of a task key that are looked at, the newest
CONTEXTS_BESIDE = 2  #: of these, those whose results of other indices are looked at, too
BESIDE = 50  #: how many of them, to either side

# Whether a context has a result of that time is told by its first one.
CONTEXT = f"{_CONTEXTS} WHERE id = ?"
CONTEXTS_OF = f"""
{_CONTEXTS}
WHERE key = ? AND (SELECT created FROM results WHERE context = c.id ORDER BY idx LIMIT 1) + c.created < ?
ORDER BY id DESC LIMIT ?
"""
_ROWS = f"""
SELECT number, s.reason, context, idx, attempt, identity, output, edition,
  CASE WHEN r.seal < {LONG} THEN value END, CASE WHEN r.seal < {LONG} THEN items END,
  paths, r.parts, r.created, r.seal
FROM results r LEFT JOIN stale s ON result = number
  JOIN contexts c ON c.id = r.context WHERE r.created + c.created < ? AND
"""
OF_INDEX = f"{_ROWS} idx = ? AND context IN ({{marks}})"
OF_IDENTITY = f"{_ROWS} identity = ? AND substr(identity, 1, 4) = ?"
BELOW = f"{_ROWS} context = ? AND idx < ? ORDER BY idx DESC LIMIT {BESIDE}"
ABOVE = f"{_ROWS} context = ? AND idx > ? ORDER BY idx LIMIT {BESIDE}"


def earlier_of(row: Row, contexts: Mapping[int, tuple[Context, int]]) -> EarlierResult:
    """Return what a row of these says. Raises `Torn`."""
    _, stale, *columns = row
    check_result(columns, stale=stale is not None)
    number, index, attempt, identity, output, _, _, _, _, parts, created, _ = columns
    context, since = contexts[number]
    return EarlierResult(identity, output, index, attempt, parts, created + since, stale, context)
