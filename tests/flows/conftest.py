"""Real runs of real flows: what was called, what came of it, and what the run says about it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # lab.py and shapes.py are what several directories of tests have in common

from lab import Lab  # noqa: E402  (it is found by the line above)

FLOWS = HERE / "flows"


EXECUTORS = ["local", "inline"]


@pytest.fixture(scope="session")
def flows() -> Iterator[Callable[[str], ModuleType]]:
    """Import flows by name, as a script in their directory would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FLOWS))
        yield importlib.import_module


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lab(tmp_path: Path, executor: str) -> Lab:
    return Lab(tmp_path, executor)


@pytest.fixture
def local_lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, "local")


@pytest.fixture(scope="module", params=EXECUTORS)
def shared_lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab that all tests of a module share: for runs that are made once and looked at often."""
    return Lab(tmp_path_factory.mktemp("lab"), request.param)


@pytest.fixture
def labs() -> type[Lab]:
    """Make as many labs as a test needs."""
    return Lab
