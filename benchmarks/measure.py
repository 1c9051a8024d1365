"""One round: every process that the figures need, each beside what it is compared with."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.processes import Ended, run
from benchmarks.table import Numbers

HERE = Path(__file__).resolve().parent
WIDTHS = (100, 1000, 10_000)
CHAIN = 200  #: elements of each of three chained stages
WORKERS = "2"


class Bench:
    """Runs rounds with one Python that has reflow.

    What is compared runs in turn, in the same minute: a machine that is busy with something else is so for both.
    """

    def __init__(self, python: Path) -> None:
        self._python = str(python)

    def round(self) -> Numbers:
        """Measure everything once."""
        found: Numbers = {}
        with tempfile.TemporaryDirectory(prefix="reflow-bench-") as home:
            self._beside_p(found, "import", "-c", "import reflow", home=home)
            self._beside_p(found, "help", _flow("fan_out"), "submit", "--help", home=home)
            found["hashing"] = float(self._run(str(HERE / "hashing.py"), home=home).said)
            for width in WIDTHS:
                self._fan_out(found, width, os.path.join(home, str(width)))
            self._chain(found, os.path.join(home, "chain"))
        found["P"] = found["P of import"]
        return found

    def _fan_out(self, found: Numbers, width: int, home: str) -> None:
        submit = (*_submit("fan_out", home), "--n", str(width))
        found[f"pool {width}"] = self._run(_pool(), str(width), home=home).seconds
        first = self._run(*submit, home=home)
        found[f"run {width}"] = first.seconds
        found[f"peak {width}"] = first.peak_bytes / 1e6
        found[f"files {width}"] = _files(Path(home, "runs"))
        found[f"bytes {width}"] = sum(path.stat().st_size for path in Path(home).rglob("*.db"))
        found[f"values {width}"] = 2 * _value_bytes(width)  # in the ledger and in the results
        self._beside_p(found, f"reuse {width}", *submit, home=home)
        self._beside_p(
            found, f"status {width}", _flow("fan_out"), "status", "--run-dir", f"{home}/runs", home=home
        )
        if width == WIDTHS[-1]:
            found[f"changed {width}"] = self._run(*submit, "--changed", "7", home=home).seconds

    def _chain(self, found: Numbers, home: str) -> None:
        found["pool of chain"] = self._run(_pool(), str(3 * CHAIN), home=home).seconds
        found["chain"] = self._run(*_submit("chain", home), "--n", str(CHAIN), home=home).seconds

    def _beside_p(self, found: Numbers, name: str, *argv: str, home: str) -> None:
        found[f"P of {name}"] = self._run("-c", "pass", home=home).seconds
        found[name] = self._run(*argv, home=home).seconds

    def _run(self, *argv: str, home: str) -> Ended:
        os.makedirs(home, exist_ok=True)
        return run([self._python, *argv], home=home)


def _flow(name: str) -> str:
    return str(HERE / "flows" / f"{name}.py")


def _pool() -> str:
    return str(HERE / "pool.py")


def _submit(flow: str, home: str) -> tuple[str, ...]:
    return (
        *(_flow(flow), "submit", "-q", "--run-dir", f"{home}/runs"),
        *("--executor", "local", "--workers", WORKERS),
    )


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def _value_bytes(width: int) -> int:
    """Return the length of what the tasks of flows/fan_out.py return, as JSON."""
    items = sum(len(str(item)) for item in range(width))
    return (items + width + 1) + items + len(str(width))
