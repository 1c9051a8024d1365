"""The README starts with what a newcomer types, and with a flow that fits on a screen."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_first_block_is_the_two_commands() -> None:
    first = re.search(r"```\w*\n(.*?)```", README, re.DOTALL)

    assert first is not None
    assert [line.split("#")[0].strip() for line in first[1].strip().splitlines()] == [
        "make demo",
        "make test",
    ]


def test_the_first_flow_is_at_most_thirty_lines() -> None:
    flow = re.search(r"```python\n(.*?)```", README, re.DOTALL)

    assert flow is not None
    assert "Workflow(" in flow[1]
    assert len(flow[1].splitlines()) <= 30


def test_each_make_target_that_is_named_is_there() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=[`\n ]*(?:[`#\n]|$))", README))

    assert {"demo", "test"} <= named
    assert {target for target in named if f"\n{target}:" not in MAKEFILE} == set()
