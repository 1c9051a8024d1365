"""Whoever has the results open while old ones are removed is told what is there then, and of no damage."""

from __future__ import annotations

import json

import pytest

from reflow.plugin import StoreDamaged, StoreError
from reflow.testing.store_rows import NOW, context, made_up, result
from reflow_sqlite.ledger import TEXT_AT_ONCE


@pytest.fixture
def remove_all(results):
    def remove():
        results.remove(list(results.old(NOW + 100)))

    return remove


def test_what_was_made_since_is_not_taken_for_what_was_removed(results, store, remove_all):
    results.append(context("demo-1", code=made_up("code", 1)), [result(0)])
    other = store.open_results()
    identity = result(0).identity
    assert other.find([identity])[identity].run_id == "demo-1"
    remove_all()
    results.append(context("demo-2", code=made_up("code", 2)), [result(0)])

    found = other.find([identity])[identity]

    assert (found.run_id, found.code) == ("demo-2", made_up("code", 2))
    other.close()


def test_a_value_that_is_removed_before_it_is_read_is_no_damage(results, store, remove_all):
    rows = [result(index, value=json.dumps("x" * TEXT_AT_ONCE)) for index in range(2)]
    results.append(context(), rows)
    values = store.open_results().values([(row.identity, row.output) for row in rows])
    assert next(values) == rows[0].value
    remove_all()

    with pytest.raises(StoreError, match="any more") as caught:
        next(values)
    assert not isinstance(caught.value, StoreDamaged)


def test_nothing_is_counted_once_all_was_removed(results, remove_all):
    results.append(context(), [result(0)])
    remove_all()

    figures = results.figures()

    assert (figures.results, figures.tasks) == (0, 0)
