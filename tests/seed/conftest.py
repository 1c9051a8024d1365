"""A user who tries what reflow promises: the flows of ``blocks/`` in a directory of their own, and a shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

BLOCKS = Path(__file__).parent / "blocks"


class Printed(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A shell in a directory of its own, which is the home of its user too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            "REFLOW_STORE": str(folder / "store.db"),
        }

    def bring(self, *names: str) -> None:
        """Copy files of ``blocks/`` here, as they are."""
        for name in names:
            shutil.copy(BLOCKS / name, self.folder)

    def python(self, *words: str, **environment: str) -> Printed:
        """Type ``python WORDS``."""
        return self._type([sys.executable, *words], environment)

    def reflow(self, *words: str) -> Printed:
        """Type ``reflow WORDS``."""
        return self._type([sys.executable, "-m", "reflow", *words], {})

    def _type(self, argv: list[str], environment: dict[str, str]) -> Printed:
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env={**os.environ, **self.home, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Printed(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def long_lived_shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell that the tests of a module share."""
    return Shell(tmp_path_factory.mktemp("shell"))


@pytest.fixture
def blocks() -> Path:
    return BLOCKS
