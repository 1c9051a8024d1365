"""The four wheels hold what their users need, and agree with each other."""

from __future__ import annotations

import email
import zipfile
from email.message import Message
from pathlib import Path

import pytest

MODULES = {
    "reflow-core": "reflow",
    "reflow-local": "reflow_local",
    "reflow-sqlite": "reflow_sqlite",
    "reflow-slurm": "reflow_slurm",
}
NEEDS = {
    "reflow-core": ["pluggy>=1.2", "tomli>=2.0; python_version < '3.11'"],
    "reflow-sqlite": ["reflow-core==0.1.*"],
    "reflow-local": ["reflow-core==0.1.*", "reflow-sqlite==0.1.*"],
    "reflow-slurm": ["reflow-core==0.1.*", "reflow-local==0.1.*", "reflow-sqlite==0.1.*"],
}

every_package = pytest.mark.parametrize("package", MODULES)


def _open(wheels: Path, package: str) -> zipfile.ZipFile:
    (file,) = wheels.glob(f"{package.replace('-', '_')}-*.whl")
    return zipfile.ZipFile(file)


def _metadata(wheels: Path, package: str) -> Message:
    with _open(wheels, package) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(wheel.read(name))


@every_package
def test_a_wheel_holds_its_package_whole_and_nothing_else(wheels: Path, root: Path, package: str) -> None:
    source = root / package / "src"
    wanted = {
        str(file.relative_to(source))
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with _open(wheels, package) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert held == wanted
    assert f"{MODULES[package]}/py.typed" in held


@every_package
def test_a_wheel_needs_what_it_should_and_no_more(wheels: Path, package: str) -> None:
    needs = [
        line for line in _metadata(wheels, package).get_all("Requires-Dist", []) if "extra ==" not in line
    ]

    assert sorted(needs) == sorted(NEEDS[package])


@every_package
def test_a_wheel_carries_the_licence(wheels: Path, root: Path, package: str) -> None:
    with _open(wheels, package) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith("/licenses/LICENSE")]
        text = wheel.read(name).decode()

    assert text == (root / "LICENSE").read_text(encoding="utf-8")
    assert _metadata(wheels, package)["License-Expression"] == "BSD-3-Clause"


def test_extras_are_those_of_the_core(wheels: Path) -> None:
    metadata = _metadata(wheels, "reflow-core")

    assert metadata.get_all("Provides-Extra") == ["notebook", "testing"]
    assert {line for line in metadata.get_all("Requires-Dist", []) if "extra ==" in line} == {
        "cloudpickle>=3; extra == 'notebook'",
        "hypothesis>=6.100; extra == 'testing'",
        "pytest>=8; extra == 'testing'",
    }


@pytest.mark.parametrize(
    ("package", "lines"),
    [
        ("reflow-core", ["[console_scripts]", "reflow = reflow.cli.main:reflow_main"]),
        ("reflow-local", ["[reflow]", "local = reflow_local"]),
        ("reflow-sqlite", ["[reflow]", "sqlite = reflow_sqlite"]),
        ("reflow-slurm", ["[reflow]", "slurm = reflow_slurm"]),
    ],
)
def test_a_plugin_is_named_by_its_entry_point(wheels: Path, package: str, lines: list[str]) -> None:
    with _open(wheels, package) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]

        assert wheel.read(name).decode().split("\n")[: len(lines)] == lines


def test_all_packages_have_the_version_that_reflow_says(wheels: Path, root: Path) -> None:
    import reflow

    versions = {package: _metadata(wheels, package)["Version"] for package in MODULES}

    assert set(versions.values()) == {reflow.__version__}
    assert f'version = "{reflow.__version__}"' in (root / "pyproject.toml").read_text(encoding="utf-8")
