"""A long chain of tasks costs as much for each of them as a short one."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import PYTHON

CALLED = Path(__file__).parent / "called.py"
HEAD = """
from typing import Annotated
from reflow import Result, Workflow
wf = Workflow("chain")

@wf.job()
def t0() -> int:
    return 0
"""
LINK = """
@wf.job()
def t{i}(x: Annotated[int, Result(step="t{before}")]) -> int:
    return x + {i}
"""


@pytest.fixture
def called(run, tmp_path):
    """Submit a chain of single tasks in one process twice, and return how many calls the second time took."""

    def called(length, *words):
        links = [LINK.format(i=i, before=i - 1) for i in range(1, length)]
        flow = tmp_path / f"chain{length}.py"
        flow.write_text(HEAD + "".join(links) + "\nraise SystemExit(wf.cli())\n", encoding="ascii")
        for _ in range(2):
            where = ("submit", "-q", "--run-dir", f"runs{length}", "--executor", "inline")
            run(PYTHON, CALLED, tmp_path / "count", flow, *where, *words)
        return int((tmp_path / "count").read_text(encoding="ascii"))

    return called


@pytest.mark.parametrize("words", [[], ["--verify"], ["--force"], ["--force", "--verify"]], ids=" ".join)
def test_each_link_of_a_chain_takes_as_many_calls_however_long_it_is(called, words):
    short, longer, longest = (called(length, *words) for length in (20, 40, 80))

    assert longest - longer < 2.2 * (longer - short)
