"""Projects and notebooks whose code is read."""

from __future__ import annotations

import importlib
import itertools
import linecache
import re
import sys
from types import ModuleType

import pytest

from reflow.graph.code import codes_of

numbers = itertools.count()


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Import a project of modules and return its task; each project is a package of its own."""
    folder = tmp_path_factory.mktemp("projects")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))

        def load(texts, task="task", before=lambda package: None):
            forget()
            package = folder / f"project{next(numbers)}"
            package.mkdir()
            before(package)
            for name, text in {"__init__": "", **texts}.items():
                (package / name).parent.mkdir(exist_ok=True)
                (package / f"{name}.py").write_text(text)
            importlib.invalidate_caches()
            return getattr(importlib.import_module(f"{package.name}.flow"), task)

        yield load
        forget()


def forget():
    """Let earlier projects go: what a module changes while it is loaded is looked for in all that are loaded."""
    for name in [name for name in sys.modules if name.startswith("project")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def code(load):
    return lambda texts: codes_of({"task": load(texts)})["task"]


@pytest.fixture(scope="module")
def versions(load):
    """Load a project twice, with 1 and with 2 where ``NN`` stands; return what its task computes, and its codes.

    A project is one text of modules, each behind a line with its name: ``# config``. The task calls ``run`` of
    ``model``; ``other`` is imported before.
    """

    def versions(text):
        parts = re.split(r"(?m)^# ([\w/]+)\n", text)
        modules = {"other": "", "flow": _FLOW, **dict(zip(parts[1::2], parts[2::2], strict=True))}
        values, codes = [], []
        for number in ("1", "2"):
            task = load({name: said.replace("NN", number) for name, said in modules.items()})
            values.append(re.sub(r"0x\w+|project\d+", "", repr(task(1))))
            codes.append(codes_of({"task": task})["task"])
        return values, codes

    return versions


_FLOW = "from . import other\nfrom .model import run\n\ndef task(x: int) -> str:\n    return run(x)\n"


class Session:
    """A notebook's kernel, as far as names and texts go."""

    def __init__(self):
        self.main = ModuleType("__main__")

    def __call__(self, text):
        """Run a cell; return all names."""
        file = f"/tmp/kernel_{next(numbers)}/{next(numbers)}.py"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(text, file, "exec", dont_inherit=True), self.main.__dict__)
        return self.main.__dict__


@pytest.fixture
def notebook(monkeypatch):
    """Start a notebook; each call of it runs a cell."""

    def start():
        session = Session()
        monkeypatch.setitem(sys.modules, "__main__", session.main)
        return session

    return start


@pytest.fixture
def cell(notebook):
    """A notebook that has started."""
    return notebook()
