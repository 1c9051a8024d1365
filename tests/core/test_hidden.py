"""A file that has the name of one of Python's modules is named when that module is missed, and only then."""

from __future__ import annotations

import subprocess
import sys

import pytest

FLOW = """
import reflow

wf = reflow.Workflow("demo")


@wf.job
def one() -> int:
    return 1


if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run files of these texts, the last one as a script; return its exit code and what it said."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def run(*words, **texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text)
        argv = [sys.executable, f"{name}.py", *words]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize("name", ["json", "types", "typing", "enum", "datetime", "argparse", "contextlib"])
@pytest.mark.parametrize("beside", [False, True], ids=["the flow", "beside the flow"])
def test_the_file_that_hides_a_module_is_named(run, tmp_path, name, beside):
    texts = {name: "x = 1", "flow": FLOW} if beside else {name: FLOW}

    ended, said = run("submit", "--dry-run", **texts)

    assert ended == 2
    assert said.splitlines() == [
        f"error: {tmp_path / name}.py has the name of Python's own module {name!r}, and hides it",
        "give the file another name",
    ]


def test_what_the_flow_itself_misses_is_told_with_its_line(run, tmp_path):
    flow = FLOW.replace("@wf.job", "import random; random.choice([1])\n@wf.job")

    ended, said = run(random="x = 1", flow=flow)

    assert ended == 2
    assert said.startswith(f"error: {tmp_path}/random.py has the name of Python's own module 'random'")
    assert said.endswith("/flow.py:7\n")


@pytest.mark.parametrize("line", ["1 / 0", "from reflow import Wrkflow", "helper.no", "import nowhere"])
def test_another_mistake_is_told_as_ever_beside_such_a_file(run, line):
    flow = "import random, helper" + FLOW.replace("if __name__", f"{line}\nif __name__")

    ended, said = run(random="x = 1", helper="", flow=flow)

    assert ended == 1
    assert said.startswith("Traceback")


@pytest.mark.parametrize("cause", ["broken", "ImportError('reflow', name='reflow')"])
def test_an_error_that_leads_to_itself_or_was_never_raised_is_told_as_ever(run, cause):
    flow = f"import random{FLOW}\nbroken = ValueError('this')\nraise broken from {cause}\n"

    ended, said = run(random="x = 1", flow=flow.replace("if __name__", "if not __name__"))

    assert ended == 1
    assert said.endswith("ValueError: this\n")
    assert "excepthook" not in said


def test_a_file_that_hides_what_nobody_misses_is_no_mistake(run):
    ended, said = run("check", random="x = 1", flow=f"import random\n{FLOW}")

    assert (ended, said) == (0, "")


LATER = """
import os
from typing import Annotated
import reflow

wf = reflow.Workflow("later")


@wf.job
def makes(name: str) -> str:
    with open(f"{name}.py", "w") as file:
        file.write("x = 1")
    return name


@wf.job(retries=1)
def needs(name: Annotated[str, reflow.Result(step="makes")]) -> str:
    if name == "select" and not os.path.exists("died"):
        open("died", "w").close()
        os._exit(1)
    import colorsys, statistics

    return str((colorsys.rgb_to_hsv(1, 2, 3), statistics.mean([1, 2])))


if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.mark.parametrize(("name", "error"), [("fractions", "ImportError"), ("colorsys", "AttributeError")])
def test_a_file_that_hides_a_module_from_a_task_alone_is_named(run, tmp_path, name, error):
    ended, said = run("submit", "--name", name, "--executor", "local", "--workers", "1", later=LATER)

    assert ended == 1
    hidden = f"{tmp_path / name}.py has the name of Python's own module {name!r}, and hides it"
    assert f"needs failed: {error}: {hidden}; give the file another name" in said


def test_a_file_that_hides_a_module_from_a_worker_that_starts_is_named_in_its_log(run, tmp_path):
    ended, _ = run("submit", "--name", "select", "--executor", "local", "--workers", "1", later=LATER)

    assert ended == 1
    (log,) = tmp_path.glob("runs/later/.reflow/*/logs/needs.log")
    hidden = f"{tmp_path / 'select'}.py has the name of Python's own module 'select', and hides it"
    assert f"reflow: {hidden}\ngive the file another name" in log.read_text()
    assert "Traceback" not in log.read_text()
