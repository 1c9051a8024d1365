"""Queries of the results look at a few rows by an index, however many there are."""

from __future__ import annotations

import sqlite3

import pytest

from reflow_sqlite.appending import _FIND_CONTEXT, _LIKE
from reflow_sqlite.earlier import ABOVE, BELOW, CONTEXTS_OF, OF_IDENTITY, OF_INDEX
from reflow_sqlite.lookup import _FIND, _PAIRS, _SEVERAL
from reflow_sqlite.schema import RESULTS

QUERIES = {
    "find": (_FIND.format(marks="?,?"), {"results_of"}),
    "several": (_SEVERAL.format(marks="?,?"), {"results_of"}),
    "pairs": (_PAIRS.format(marks="?,?"), {"results_of"}),
    "append": (_LIKE, {"results_of"}),
    "context of an append": (_FIND_CONTEXT, {"contexts_of"}),
    "contexts of a key": (CONTEXTS_OF, {"contexts_by", "results_by"}),
    "results of an index": (OF_INDEX.format(marks="?,?"), {"results_by"}),
    "results of an identity": (OF_IDENTITY, {"results_of"}),
    "results of the indices below": (BELOW, {"results_by"}),
    "results of the indices above": (ABOVE, {"results_by"}),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_takes_its_index_and_scans_nothing(name):
    query, indices = QUERIES[name]
    db = sqlite3.connect(":memory:")
    db.executescript(RESULTS.tables)

    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", [""] * query.count("?"))]

    assert {index for index in indices if any(f"INDEX {index} " in step for step in plan)} == indices, plan
    assert not any(step.startswith("SCAN") for step in plan), plan
