"""Ledger and results are small: what an instance costs is bounded."""

from __future__ import annotations

import os
import random

from reflow.plugin import Changes, InstanceState
from reflow.testing.store_rows import attempt, context, instance, made_up, output, result, submission

COUNT = 10_000


def test_ten_thousand_instances_take_less_than_400_bytes_each_beyond_their_values(
    ledger, results, run, store
):
    indices = list(range(COUNT))
    ledger.apply(
        Changes(
            submissions=[submission()], instances=[instance(i, InstanceState.SUBMITTED) for i in indices]
        ),
        1,
    )
    for first in range(0, COUNT, 500):
        some = indices[first : first + 500]
        random.Random(first).shuffle(some)
        outputs = [output(i) for i in some]
        rows = [instance(i) for i in some]
        ledger.apply(Changes(instances=rows, outputs=outputs, attempts=[attempt(i) for i in some]), 1)
        results.append(context(), [result(i) for i in some])

    values = sum(2 * len(str(i)) for i in indices)
    size = os.path.getsize(run / "ledger.db") + os.path.getsize(store.address)
    assert (size - values) / COUNT <= 400


def test_a_reused_instance_costs_the_results_nothing(ledger, results, store):
    results.append(context(), [result(i) for i in range(100)])
    before = os.path.getsize(store.address)
    rows = [instance(i, InstanceState.REUSED)._replace(output=made_up(i)) for i in range(100)]
    ledger.apply(Changes(instances=rows), 1)
    results.append(context("demo-2"), [])

    assert os.path.getsize(store.address) == before
