"""A class has one name, in the script that defines it and in the workers that import it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reflow.values.names import loaded_type, main_name, type_name

PROGRAM = """
from reflow.values.names import *
class A:
    class B: pass
print(main_name(), type_name(A.B), loaded_type(type_name(A.B)) is A.B)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    package = tmp_path / "pkg"
    package.mkdir()
    for file in (tmp_path / "flow.py", package / "__init__.py", package / "flow.py", package / "__main__.py"):
        file.write_text("" if file.name == "__init__.py" else PROGRAM)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["flow.py"], "flow"),
        (["./pkg/flow.py"], "flow"),
        (["-m", "flow"], "flow"),
        (["-m", "pkg.flow"], "pkg.flow"),
        (["-m", "pkg"], "pkg.__main__"),
        (["-c", PROGRAM], "__main__"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_main_has_the_name_that_it_could_be_imported_by(project, arguments, name):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)

    assert done.stdout == f"{name} {name}:A.B True\n"


def test_a_process_that_reflow_started_has_no_such_name(monkeypatch):
    import reflow.values.names as own

    monkeypatch.setattr(sys.modules["__main__"], "__file__", own.__file__)

    assert main_name() == "__main__"


@pytest.mark.parametrize(
    "name", ["ftplib:FTP", "json:nothing", "json:loads", "json:", "", "json:decoder.JSONDecoder"]
)
def test_only_a_class_that_is_loaded_under_its_own_name_is_found(name):
    assert loaded_type(name) is None


def test_a_name_is_that_of_the_module_that_defines_the_class():
    assert type_name(subprocess.Popen) == "subprocess:Popen"
    assert loaded_type("subprocess:Popen") is subprocess.Popen
