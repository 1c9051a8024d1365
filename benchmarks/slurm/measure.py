"""One round on the cluster: everything that the figures need, each right after what it is compared with."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.processes import Ended, peak_bytes, run
from benchmarks.slurm.calls import Calls
from benchmarks.slurm.cluster import Cluster
from benchmarks.slurm.files import file_calls
from benchmarks.table import Numbers

HERE = Path(__file__).resolve().parent
FAN_OUT = str(HERE.parent / "flows" / "fan_out.py")
PACKED = str(HERE / "flows" / "packed.py")
PEER = str(HERE.parent / "peers" / "flows" / "reflow_hpc_flow.py")

SUBMITTED = (1, 500)  #: widths of which the submit is measured
SUBMITS = (
    5  #: how often in a round: each takes a tenth of a second, and anything that happens beside it shows
)
ARRAY, PACK, COUNTED = 100, 1000, 500  #: widths: an instance per element, packed, and to count calls
STARTS = 7  #: elements that are started by hand
OVER_S = 300.0  #: after how long a run is taken for stuck


class Bench:
    """Runs rounds on one cluster.

    Args:
        python: The interpreter of a venv with reflow.
        peer: That of a venv with the published reflow-hpc; None where it cannot be had.
    """

    def __init__(self, cluster: Cluster, python: Path, peer: Path | None) -> None:
        self._cluster = cluster
        self._python = str(python)
        self._peer = None if peer is None else str(peer)

    def round(self) -> Numbers:
        """Measure everything once."""
        found: Numbers = {}
        with tempfile.TemporaryDirectory(prefix="reflow-bench-") as home:
            for width in SUBMITTED:
                self._submits(found, width, _inside(home, f"submit {width}"))
            self._worker(found, _inside(home, "worker"))
            self._array_py(found, ARRAY, _inside(home, "array"))
            self._fan_out(found, ARRAY, _inside(home, "run"))
            if self._peer is not None:
                self._peer_s(found, self._peer, _inside(home, "peer"))
            self._fan_out(found, COUNTED, _inside(home, "counted"))
            self._packed(found, _inside(home, "packed"))
            self._array_py(found, PACK, _inside(home, "wide array"))
        found["P"] = found[f"P of submit {SUBMITTED[0]}"]
        found["sbatch"] = found[f"sbatch of submit {SUBMITTED[0]}"]
        return found

    def _submits(self, found: Numbers, width: int, home: str) -> None:
        """Submit to a closed cluster, each time from a directory of its own.

        Elsewhere what starts does so on other machines: here it would be measured along with the submit.
        """
        with self._cluster.closed():
            tried = [self._submit(width, _inside(home, str(i))) for i in range(SUBMITS)]
        found[f"P of submit {width}"] = median(p for p, _, _ in tried)
        found[f"sbatch of submit {width}"] = median(sbatch for _, sbatch, _ in tried)
        found[f"submit {width}"] = median(submit for _, _, submit in tried)

    def _submit(self, width: int, home: str) -> tuple[float, float, float]:
        p = self._run(["-c", "pass"], home).seconds
        sbatch = self._run_sbatch(home, "--array=0-0").seconds
        submit = self._run(_submit(FAN_OUT, width), home).seconds
        self._cluster.clear()
        return p, sbatch, submit

    def _array_py(self, found: Numbers, width: int, home: str) -> None:
        begin = time.perf_counter()
        self._run_sbatch(home, f"--array=0-{width - 1}")
        self._cluster.wait_until_empty()
        found[f"array-py {width}"] = time.perf_counter() - begin

    def _run_sbatch(self, home: str, array: str) -> Ended:
        python3 = Path(self._python).with_name("python3")
        argv = ["sbatch", array, "--output=/dev/null", f"--wrap={python3} -c pass"]
        return run(argv, home, SLURM_CONF=self._cluster.conf)

    def _fan_out(self, found: Numbers, width: int, home: str) -> None:
        """Measure a run until its result is there, and until the queue is empty; nobody looks at it meanwhile."""
        calls = Calls(Path(home))
        begin = time.perf_counter()
        self._run(_submit(FAN_OUT, width), home, PATH=calls.path)
        _wait_for_result(Path(home))
        found[f"run {width}"] = time.perf_counter() - begin
        self._cluster.wait_until_empty()
        found[f"whole run {width}"] = time.perf_counter() - begin
        found[f"calls {width}"], found[f"jobs {width}"] = calls.total, calls.submissions

    def _packed(self, found: Numbers, home: str) -> None:
        begin = time.perf_counter()
        self._run(_submit(PACKED, PACK), home)
        _wait_for_result(Path(home))
        found["packed"] = time.perf_counter() - begin
        self._cluster.wait_until_empty()

    def _peer_s(self, found: Numbers, peer: str, home: str) -> None:
        calls = Calls(Path(home))
        given = {"SLURM_CONF": self._cluster.conf, "PATH": calls.path}
        begin = time.perf_counter()
        run([peer, PEER, "submit", "--run-dir", f"{home}/runs", "--n", str(ARRAY)], home, **given)
        self._cluster.wait_until_empty()
        found["peer"] = time.perf_counter() - begin
        found["calls of peer"], found["jobs of peer"] = calls.total, calls.submissions
        told = run([peer, PEER, "runs"], home, **given).said
        if "SUCCESS" not in told:
            raise RuntimeError(f"reflow-hpc did not get to a result:\n{told}")

    def _worker(self, found: Numbers, home: str) -> None:
        """Run elements by hand that a closed cluster holds back, so that nothing of Slurm's start is in the figure.

        Each is a process as its job would start it, from the script that Slurm was given, and does one no-op. None
        of them is the last one out.
        """
        with self._cluster.closed():
            self._run(_submit(FAN_OUT, ARRAY), home)
            self._element("items", 0, home)  # it goes on, and submits the fan-out
            pairs = [
                (self._run(["-c", "pass"], home), self._element("no_op", i, home)) for i in range(STARTS)
            ]
            found["P of worker"] = median(p.seconds for p, _ in pairs)
            found["worker"] = median(element.seconds for _, element in pairs)
            self._weight(found, home)

    def _element(self, task: str, element: int, home: str) -> Ended:
        return run(self._cluster.command_of(task), home, **self._as_element(element))

    def _as_element(self, element: int) -> dict[str, str]:
        return {"SLURM_CONF": self._cluster.conf, "SLURM_ARRAY_TASK_ID": str(element)}

    def _weight(self, found: Numbers, home: str) -> None:
        """Measure the memory of one element more, and the file-system calls of another."""
        argv, names = self._cluster.command_of("no_op"), (self._as_element(STARTS + i) for i in range(2))
        found["peak of worker"] = peak_bytes(argv, home, **next(names)) / 1e6
        found["files of P"] = file_calls([self._python, "-c", "pass"], home).total
        found["files of worker"], found["scans of worker"] = file_calls(argv, home, **next(names))

    def _run(self, words: Sequence[str], home: str, **variables: str) -> Ended:
        return run([self._python, *words], home, SLURM_CONF=self._cluster.conf, **variables)


def _inside(home: str, name: str) -> str:
    folder = os.path.join(home, name)
    os.mkdir(folder)
    return folder


def _submit(flow: str, width: int) -> tuple[str, ...]:
    return (flow, "submit", "-q", "--executor", "slurm", "--run-dir", "runs", "--n", str(width))


def _wait_for_result(home: Path) -> None:
    """Return when the one run in a directory has succeeded, as the picture says that it leaves for readers."""
    deadline = time.monotonic() + OVER_S
    while (state := _state(home)) != "succeeded":
        if state not in ("", "running") or time.monotonic() > deadline:
            raise RuntimeError(f"the run in {home} is {state or 'not there'}")
        time.sleep(0.02)


def _state(home: Path) -> str:
    pictures = list(home.glob("runs/.reflow/*/status.json"))
    return str(json.loads(pictures[0].read_text())["state"]) if pictures else ""
