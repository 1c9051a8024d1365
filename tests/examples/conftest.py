"""The modules of the examples, imported from where they stand."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session", autouse=True)
def _netcdf_is_loaded() -> None:
    """It sets a variable of the environment when it is first imported, which no single test is to blame for."""
    importlib.import_module("netCDF4")


@pytest.fixture(scope="module")
def _importable() -> Iterator[None]:
    sys.path.insert(0, str(EXAMPLES / "warming"))
    yield
    sys.path.remove(str(EXAMPLES / "warming"))


@pytest.fixture(scope="module")
def climate(_importable: None) -> ModuleType:
    return importlib.import_module("climate")


@pytest.fixture(scope="module")
def picture(_importable: None) -> ModuleType:
    return importlib.import_module("picture")


@pytest.fixture(scope="module")
def warming(_importable: None) -> ModuleType:
    return importlib.import_module("warming")
