"""A user at a terminal: a directory with flows, a store of its own, and commands typed one after the other."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import reflow
from reflow.cli.main import main, reflow_main
from reflow.filesystem.locks import Holder
from reflow.filesystem.process import this_process

HALF = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE instances SET reason = hex(randomblob(5000))")
os._exit(0)
"""
FLOWS = Path(__file__).parent / "flows"
TIMEOUT_S = 60


class Told(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def complains(self, code: int, *words: str) -> bool:
        """Whether it ended so, with nothing on stdout and one to three lines that hold all these words."""
        lines = self.err.splitlines()
        told = f"ended with {self.code} and said:\n{self.out}---\n{self.err}"
        assert (self.code, self.out) == (code, ""), told
        assert 1 <= len(lines) <= 3, told
        assert lines[0].startswith("error: "), told
        for word in words:
            assert word in self.err, told
        return True


class Terminal:
    """A directory with the flows, whose user has a home, a configuration and a store of their own there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            "REFLOW_STORE": str(folder / "store.db"),
        }
        for flow in FLOWS.glob("*.py"):
            shutil.copy(flow, folder)

    @property
    def store(self) -> Path:
        return self.folder / "store.db"

    def begin(self, *argv: str, **settings: Any) -> subprocess.Popen[str]:
        """Start ``python ARGV`` in a session of its own, and go on."""
        return self._start([sys.executable, *argv], settings)

    def python(self, *argv: str) -> Told:
        """Type ``python ARGV`` and wait until it has ended; it never ends in a traceback."""
        return self.run([sys.executable, *argv])

    def run(self, argv: list[str], **settings: Any) -> Told:
        """Run a program and wait until it has ended; it never ends in a traceback."""
        process = self._start(argv, settings)
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert "Traceback" not in err, err
        return Told(process.returncode, out, err)

    def _start(self, argv: list[str], settings: dict[str, Any]) -> subprocess.Popen[str]:
        told = {
            "cwd": self.folder,
            "env": {**os.environ, **self.home},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        return subprocess.Popen(argv, text=True, start_new_session=True, **{**told, **settings})

    def steps(self, *words: str, **environment: str) -> Told:
        """Type ``python steps.py WORDS``, but in this process, which takes a tenth of the time."""
        with self.here(environment):
            return _caught(lambda: main(self.workflow("steps"), words, "python steps.py"))

    def reflow(self, *words: str, **environment: str) -> Told:
        """Type ``reflow WORDS``, in this process."""
        with self.here(environment):
            return _caught(lambda: reflow_main(words))

    def submit(self, *words: str, **environment: str) -> str:
        """Submit the steps to the inline executor, whatever comes of it, and return the run's id."""
        told = self.steps("submit", "--executor", "inline", "-q", *words, **environment)
        assert told.code in (0, 1), told.err
        return told.out.strip()

    def open(self, run_id: str = "@last", run_dir: str | None = "runs/steps") -> reflow.Run:
        """Return the handle of a run."""
        with self.here():
            return reflow.open_run(run_id, run_dir)

    def run_root(self, run_id: str) -> Path:
        return self.folder / "runs" / "steps" / ".reflow" / run_id

    def workflow(self, name: str) -> reflow.Workflow:
        """Return the workflow of one of the flows, imported afresh."""
        spec = importlib.util.spec_from_file_location(name, self.folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        found: reflow.Workflow = module.wf
        return found

    @contextlib.contextmanager
    def here(self, environment: dict[str, str] | None = None) -> Iterator[None]:
        """Be this user in this directory, for a while and in this process."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in {**self.home, **(environment or {})}.items():
                patch.setenv(name, value)
            yield


def _caught(action: Callable[[], int]) -> Told:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = action()
    return Told(code, out.getvalue(), err.getvalue())


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture(scope="module")
def shared_terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """One that all tests of a module share, and leave as it is."""
    return Terminal(tmp_path_factory.mktemp("terminal"))


@pytest.fixture
def half_write() -> Callable[[Path], None]:
    """Leave half a transaction in the ledger of a run, as one that is killed does."""

    def go(root: Path) -> None:
        subprocess.run([sys.executable, "-c", HALF, str(root / "ledger.db")], check=True)

    return go


@pytest.fixture
def hold_elsewhere() -> Callable[[Path], None]:
    """Have a machine that is called node7 hold the lease of a run, and beat it just now."""

    def go(root: Path) -> None:
        there = this_process()._replace(host="node7")
        (root / "control" / "lease").write_text(json.dumps(Holder("abc", there)._asdict()))

    return go
