"""The reference of the hooks says what the hook specifications say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reflow import hookspecs

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")
HOOKS = {name: function for name, function in vars(hookspecs).items() if name.startswith("reflow_")}

PINNED = {
    "reflow_executors() -> Iterable[type[Executor]]",
    "reflow_stores() -> Iterable[type[Store]]",
    "reflow_verifier(annotation: object) -> Verifier | None",
    "reflow_adapter(annotation: object) -> Adapter | None",
}


def signature(hook: Callable[..., object]) -> str:
    return hook.__name__ + str(inspect.signature(hook)).replace("'", "")


def test_hooks_have_the_signatures_that_plugins_were_written_for() -> None:
    assert {signature(hook) for hook in HOOKS.values()} == PINNED


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_hook_has_a_heading_with_its_signature(hook: Callable[..., object]) -> None:
    assert f"\n## `{signature(hook)}`\n" in PAGE


def test_no_hook_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"^## `(\w+)\(", PAGE, re.MULTILINE)) == set(HOOKS)
