"""Disks that fill up, go away or take no writing while a run is on the cluster: late, but never wrong."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watched import Shell, run_in, until

from reflow.plugin import LockFile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

FLOW = Path(__file__).parent / "flows" / "disks.py"
RESULTS = {"first": {0: [1, 2, 3]}, "each": {0: 10, 1: 20, 2: 30}, "last": {0: 60}}


class Site:
    """A user whose flow waits at gates, and whose disks a test can hurt."""

    def __init__(self, place: Path, cluster: Any, undo: contextlib.ExitStack) -> None:
        self.shell = Shell(place, cluster)
        self.gates, self.disk, self.state = place / "gates", place / "disk", place / "state"
        for folder in (self.gates, self.disk, self.state):
            folder.mkdir()
        self.folder = self.disk / "run"
        self.store = self.state / "store.db"
        self._undo = undo

    def submit(self) -> None:
        self.type("submit", "--executor", "slurm", "--run-dir", str(self.folder))

    def type(self, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return self.shell.type(
            str(FLOW),
            *words,
            ok=ok,
            GATES=str(self.gates),
            REFLOW_STORE=str(self.store),
            REFLOW_PATIENCE_S="1",
        )

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.type("status", "--json", "--run-dir", str(self.folder)).stdout))

    def look(self) -> str:
        """Return what ``status`` prints, be it an error."""
        done = self.type("status", "--run-dir", str(self.folder), ok=False)
        return done.stdout + done.stderr

    def results(self) -> dict[str, Any]:
        return {task: found for task in RESULTS if (found := self.shell.results(self.folder, task))}

    @property
    def kept(self) -> int:
        """How many results are in the store."""
        with contextlib.closing(sqlite3.connect(self.store)) as db:
            return int(db.execute("SELECT count(*) FROM results").fetchone()[0])

    def began(self, task: str) -> bool:
        return (self.gates / f"began-{task}").exists()

    def open(self, *tasks: str) -> None:
        for task in tasks:
            (self.gates / f"open-{task}").touch()

    def mount(self, *options: str) -> Callable[[], None]:
        """Mount a file system of its own, and return what takes it away."""
        subprocess.run(["mount", *options], check=True)
        is_there = [options[-1]]

        def unmount() -> None:
            while is_there:
                subprocess.run(["umount", "--lazy", is_there.pop()], check=True)

        self._undo.callback(unmount)
        return unmount

    def wait_for_empty_queue(self) -> None:
        """Wait until nothing of the run is there but what waits for its time, its safety net and late watchdogs."""
        ask = self.shell.cluster.run
        until(
            lambda: (
                not [
                    line
                    for line in ask("squeue", "-h", "-o", "%r|%Z").splitlines()
                    if line.endswith(f"|{self.shell.place}") and not line.startswith("BeginTime|")
                ]
            )
        )


@pytest.fixture
def site(accounted, tmp_path) -> Iterator[Site]:
    with contextlib.ExitStack() as undo:
        yield Site(tmp_path, accounted, undo)


@pytest.fixture(scope="module", autouse=True)
def locked_out(accounted, tmp_path_factory) -> Iterator[tuple[Site, Callable[[], None]]]:
    """A run whose store is locked, begun before the others: a lock is waited for a minute."""
    with contextlib.ExitStack() as undo:
        site = Site(tmp_path_factory.mktemp("locked"), accounted, undo)
        yield site, begin_without_store(site, lock)


# The store ------------------------------------------------------------------------------------------------


def take_away(site: Site) -> Callable[[], None]:
    """Have the directory of the store be no directory."""
    aside = site.state.rename(site.state.with_name("aside"))
    site.state.touch()

    def give_back() -> None:
        site.state.unlink()
        aside.rename(site.state)

    return give_back


def make_read_only(site: Site) -> Callable[[], None]:
    """Have the store's disk take no writing."""
    return lay_read_only_over(site, site.state)


def lay_read_only_over(site: Site, folder: Path) -> Callable[[], None]:
    """Mount a directory read-only over itself, so that files that are open do not stand in the way."""
    frozen = folder.with_name("frozen")
    frozen.mkdir()
    site.mount("--bind", str(folder), str(frozen))
    subprocess.run(["mount", "-o", "remount,bind,ro", str(frozen)], check=True)
    return site.mount("--bind", str(frozen), str(folder))


def lock(site: Site) -> Callable[[], None]:
    """Hold the lock of the store, as a process does that was stopped."""
    held = LockFile(f"{site.store}.lock")
    assert held.take() is None
    return held.release


def begin_without_store(site: Site, hurt: Callable[[Site], Callable[[], None]]) -> Callable[[], None]:
    """Submit a run, and let it go on when its store has been hurt; return what mends that."""
    site.submit()
    until(lambda: site.began("first"))
    mend = hurt(site)
    site.open("first", "each", "last")
    return mend


def check_without_store(site: Site, mend: Callable[[], None]) -> None:
    """The run ends right without its store, and the next look brings its results there."""
    ended = run_in(site.folder).see_end(150.0)
    found, told = site.results(), run_in(site.folder).picture["messages"]
    mend()
    until(lambda: site.status() and site.kept == 5, 20.0)
    site.type("submit", "--executor", "slurm", "--run-dir", str(site.disk / "again"))
    again = run_in(site.disk / "again").picture

    assert ended == "succeeded"
    assert found == RESULTS
    assert [message for message in told if str(site.state) in message]
    assert {task["state"] for task in again["tasks"].values()} == {"reused"}


@pytest.mark.parametrize("hurt", [take_away, make_read_only])
def test_run_without_its_store_ends_right_and_the_next_look_brings_its_results_there(site, hurt):
    check_without_store(site, begin_without_store(site, hurt))


# The run directory ----------------------------------------------------------------------------------------


def fill(site: Site) -> Callable[[], None]:
    """Take the last block of the run's disk."""
    with open(site.disk / "fill", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return (site.disk / "fill").unlink


def hide(site: Site) -> Callable[[], None]:
    """Have the run's disk go away."""
    return site.mount("-t", "tmpfs", "none", str(site.disk))


def forbid(site: Site) -> Callable[[], None]:
    """Have the run's disk take no writing."""
    return lay_read_only_over(site, site.disk)


@pytest.fixture
def small_disk(site) -> Site:
    """A user whose run directory is on a disk of two megabytes."""
    site.mount("-t", "tmpfs", "-o", "size=2m", "none", str(site.disk))
    return site


@pytest.mark.parametrize("hurt", [fill, forbid, hide])
def test_run_whose_disk_is_hurt_in_the_middle_gives_no_wrong_result_and_retry_completes_it(small_disk, hurt):
    site = small_disk
    site.submit()
    site.open("first")
    until(lambda: site.began("each"))
    mend = hurt(site)
    site.open("each", "last")
    site.wait_for_empty_queue()
    until(lambda: re.search("cannot be read or written|is not there now|there is no run", site.look()))
    told = site.type("retry", "--run-dir", str(site.folder), ok=False)
    mend()
    found = site.results()
    site.type("retry", "--run-dir", str(site.folder))
    run_in(site.folder).see_end()

    assert told.returncode in (3, 4)
    assert str(site.folder) in told.stderr
    assert "Traceback" not in "".join(log.read_text() for log in run_in(site.folder).root.glob("logs/*"))
    assert all(RESULTS[task][index] == value for task in found for index, value in found[task].items())
    assert site.results() == RESULTS


def test_run_whose_store_is_locked_all_the_time_ends_right_too(locked_out):
    check_without_store(*locked_out)
