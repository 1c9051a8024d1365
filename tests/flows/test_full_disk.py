"""A run whose disk is full says so, since its workers, which wait for space, cannot."""

from __future__ import annotations

import contextlib
import errno
import os
from types import SimpleNamespace

import pytest

from reflow.compose.runs import open_run
from reflow.run import hold, look


@pytest.mark.parametrize("executor", ["local"])
@pytest.mark.parametrize(("free", "says_so"), [(10, True), (1000, False)])
def test_a_run_whose_disk_is_full_says_so_while_it_runs(lab, flows, until, monkeypatch, free, says_so):
    seen = lab.submit(flows("gates").wf, names=["a"], wait=False)
    until(lambda: "begin a" in seen.calls)

    def messages():
        with lab.home():
            return [text for text in seen.run.status(as_dict=True)["messages"] if " is full" in text]

    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=free, f_frsize=4096))
    running = messages()
    (seen.run_dir / "open").touch()
    with lab.home():
        seen.run.wait(60)

    assert len(running) == says_so
    assert all(str(seen.run_dir) in text and "df -h" in text for text in running)
    assert messages() == []


@pytest.mark.parametrize("executor", ["local"])
def test_a_full_disk_is_told_with_how_long_a_worker_waits_for_space(lab, flows, until, monkeypatch):
    seen = lab.submit(flows("gates").wf, names=["a"], wait=False)
    until(lambda: "begin a" in seen.calls)
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=0, f_frsize=4096))
    with lab.home():
        (told,) = [text for text in seen.run.status(as_dict=True)["messages"] if " is full" in text]
    (seen.run_dir / "open").touch()

    assert "waits for space 10 minutes at most" in told


@pytest.mark.parametrize("executor", ["local"])
def test_a_look_that_a_disk_stops_says_so_in_sentences_and_how_to_go_on(lab, flows, until, monkeypatch):
    seen = lab.submit(flows("gates").wf, names=["a"], wait=False)
    until(lambda: "begin a" in seen.calls)
    with lab.home(), contextlib.closing(open_run(seen.run.id, run_dir=str(seen.run_dir))) as run:
        monkeypatch.setattr(look, "is_silent", lambda run: True)
        monkeypatch.setattr(hold, "_held", full)
        told = look.heal(run)
    (seen.run_dir / "open").touch()

    place = f"{seen.run_dir}/.reflow/{seen.run.id}"
    assert told.startswith(
        f"{place} cannot be read or written: No space left on device; when that is put right, go"
    )
    assert f"go on with: reflow advance {seen.run.id}" in told


def full(run):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
