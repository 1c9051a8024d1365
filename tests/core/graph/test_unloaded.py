"""Modules that a function imports, and that are not loaded before it is called, are its code."""

from __future__ import annotations

import sys

import pytest

from reflow.graph.code import codes_of
from reflow.graph.unloaded import find_unloaded, imported_later

IMPORTS = {
    "from .late import f": "return f(x)",
    "from . import late": "return late.f(x)",
    "from .deep.late import f": "return f(x)",
    "from .deep import late": "return late.f(x)",
    "from . import deep": "return deep.late.f(x)",
    "import {package}.deep.late": "return {package}.deep.late.f(x)",
    "from .table import T": "return T",
}
LATE = "from {other} import N\n\ndef f(x):\n    return x + N\n"


@pytest.mark.parametrize("imports", IMPORTS)
def test_what_a_function_imports_when_it_is_called_is_followed(load, imports):
    def code(number):
        def place(package):
            (package / "deep").mkdir()
            (package / "deep" / "__init__.py").write_text(
                "from . import late\n" if "import deep" in imports else ""
            )
            (package / "deep" / "late.py").write_text(LATE.format(other="..other"))
            (package / "late.py").write_text(LATE.format(other=".other"))
            (package / "other.py").write_text(f"N = {number}\n")
            (package / "table.py").write_text(f"T = []\n\ndef fill(n):\n    T.append(n)\n\nfill({number})\n")
            body = f"    {imports}\n    {IMPORTS[imports]}\n".format(package=package.name)
            (package / "flow.py").write_text(f"def task(x: int) -> int:\n{body}")

        task = load({}, before=place)
        before = set(sys.modules)
        found = codes_of({"task": task})["task"]
        assert set(sys.modules) == before
        return found

    one, other = code(1), code(2)
    assert sorted(one.parts.values()) != sorted(other.parts.values())
    assert one.unresolved == other.unresolved == ()


@pytest.mark.parametrize(
    "body",
    [
        "\n    import LATE",
        "\n    import os, LATE",
        "\n    import os as o, LATE as late",
        "\n    import os, \\\n        LATE",
        "\n    x = 1; import LATE",
        " import LATE",
        " from LATE import f",
        "\n    if x: import LATE",
    ],
)
def test_an_import_is_found_however_it_stands_in_a_function(tmp_path, monkeypatch, body):
    (tmp_path / "late_module.py").write_text("def f(): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    text = f"def task(x):{body}\n".replace("LATE", "late_module")

    found = [later.name for later in imported_later([("", text.encode())])]

    assert "late_module" in found


@pytest.mark.parametrize(
    "name", ["json.tool", "hypothesis.nothing", "nothing_there", "nothing.there", "reflow.nothing"]
)
def test_what_is_none_of_the_project_is_not_found(name):
    assert find_unloaded(name) is None


def test_a_module_that_is_not_there_is_told(load):
    text = "def task(x: int) -> int:\n    from .nowhere import f\n    return f(x)\n"

    (told,) = codes_of({"task": load({"flow": text})})["task"].unresolved
    assert told.endswith("nowhere is not to be found")
