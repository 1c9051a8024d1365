"""Plugins that are there for one test."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Install a plugin of a name, whose module has this text."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)

    def install(name: str, text: str) -> None:
        module = f"own_{name}"
        (folder / f"{module}.py").write_text(textwrap.dedent(text))
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(f"[reflow]\n{name} = {module}\n")

    yield install
    for module in set(sys.modules) - before:
        if module.startswith("own_"):
            del sys.modules[module]
