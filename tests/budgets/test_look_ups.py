"""What is reused is looked up by the batch: one look-up for a whole array, and a query for some hundreds of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import PYTHON, submit

ASKED = Path(__file__).parent / "asked.py"


@pytest.fixture
def reuse(run, tmp_path):
    """Run a fan-out twice, and return how often the second run looked results up, and by how many queries."""

    def reuse(width):
        for _ in range(2):
            counts = tmp_path / "counts"
            run(PYTHON, ASKED, counts, *submit(width))
        return json.loads(counts.read_text(encoding="ascii"))

    return reuse


def test_reusing_ten_thousand_takes_as_many_look_ups_as_reusing_ten_and_few_queries(reuse):
    few, many = reuse(10), reuse(10_000)

    assert many["look-ups"] == few["look-ups"] <= 3  # one for each task of the flow
    assert many["queries"] - few["queries"] <= 3 * 10_000 / 500
