"""Results that were made earlier of the same task, to tell what is different now: few rows, found by index."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reflow.plugin import Context, EarlierResult
from reflow_sqlite.connection import Row

CONTEXTS = 30  #: contexts of a task key that are looked at, the newest
CONTEXTS_BESIDE = 2  #: of these, those whose results of other indices are looked at, too
BESIDE = 50  #: how many of them, to either side

# Whether a context has a result of that time is told by its first one.
_CONTEXTS = "SELECT id, run_id, task, key, version, code, source, file, parts, varying FROM contexts c"
CONTEXT = f"{_CONTEXTS} WHERE id = ?"
CONTEXTS_OF = f"""
{_CONTEXTS}
WHERE key = ? AND (SELECT created FROM results WHERE context = c.id ORDER BY idx LIMIT 1) < ?
ORDER BY id DESC LIMIT ?
"""
_ROWS = """
SELECT number, context, identity, output, idx, attempt, parts, r.created, reason
FROM results r LEFT JOIN stale ON result = number WHERE r.created < ? AND
"""
OF_INDEX = f"{_ROWS} idx = ? AND context IN ({{marks}})"
OF_IDENTITY = f"{_ROWS} identity = ? AND substr(identity, 1, 4) = ?"
BELOW = f"{_ROWS} context = ? AND idx < ? ORDER BY idx DESC LIMIT {BESIDE}"
ABOVE = f"{_ROWS} context = ? AND idx > ? ORDER BY idx LIMIT {BESIDE}"


def context_of(row: Row) -> Context:
    """Return what a row of `CONTEXT` or `CONTEXTS_OF` says."""
    run_id, task, key, version, code, source, file, parts, varying = row[1:]
    return Context(run_id, task, key, version, code, source, file, parts, tuple(json.loads(varying)))


def earlier_of(row: Row, contexts: Mapping[int, Context]) -> EarlierResult:
    """Return what a row of these says."""
    context, identity, output, index, attempt, parts, created, stale = row[1:]
    return EarlierResult(identity, output, index, attempt, parts, created, stale, contexts[context])
