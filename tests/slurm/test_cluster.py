"""The script that brings clusters up leaves nothing behind, and nobody else's cluster alone."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SPAWN = "setsid sleep 987 & sleep 987"


def script(rig, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    argv = [sys.executable, str(rig.CLUSTER), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all processes whose environment or command names a directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            told = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline")]
        except OSError:
            continue
        if any(str(folder).encode() in text for text in told) and int(pid) != os.getpid():
            found.append(told[1].replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def folder(bare, rig):
    """Where a second cluster stands, beside another one; it is down afterwards. Its sockets want a short path."""
    with tempfile.TemporaryDirectory(prefix="c") as place:
        found = Path(place, "c")
        yield found
        if found.exists():
            script(rig, "down", "--dir", str(found))


def test_second_cluster_stands_beside_the_first_and_ends_alone(folder, bare, rig):
    up = script(
        rig, "up", "--no-accounting", "--nodes", "1", "--dir", str(folder), "--conf", "ClusterName=other"
    )
    assert up.stdout == f"export SLURM_CONF={folder}/slurm.conf\n", up.stderr
    environment = {**os.environ, "SLURM_CONF": f"{folder}/slurm.conf"}
    submit = ["sbatch", "-o", "/dev/null", "--wrap", SPAWN]
    subprocess.run(submit, env=environment, capture_output=True, check=True, timeout=30)
    rig.until(lambda: sum("sleep 987" in line for line in processes_of(folder)) >= 2)

    down = script(rig, "down", "--dir", str(folder))

    assert down.returncode == 0, down.stderr
    assert processes_of(folder) == []
    assert not folder.exists()
    assert "is UP" in bare.run("scontrol", "ping")


def test_daemons_stop_and_start_one_by_one(folder, rig):
    script(rig, "up", "--no-accounting", "--nodes", "2", "--dir", str(folder))
    assert script(rig, "status", "--dir", str(folder)).returncode == 0

    script(rig, "stop", "n2", "--kill", "--dir", str(folder))
    stopped = script(rig, "status", "--dir", str(folder))
    assert stopped.returncode == 1
    assert "start n2" in stopped.stderr

    assert script(rig, "start", "n2", "--dir", str(folder)).returncode == 0
    assert script(rig, "status", "--dir", str(folder)).returncode == 0


def test_cluster_ends_with_the_process_that_it_is_for(folder, rig):
    owner = subprocess.Popen(["sleep", "600"])
    flags = ("--no-accounting", "--nodes", "1", "--while-pid", str(owner.pid))
    script(rig, "up", *flags, "--dir", str(folder))
    assert processes_of(folder)

    owner.kill()
    owner.wait()

    rig.until(lambda: not folder.exists())
    rig.until(lambda: not processes_of(folder))


def test_directory_that_holds_something_is_not_taken(bare, rig, tmp_path):
    (tmp_path / "mine").touch()
    refused = script(rig, "up", "--no-accounting", "--dir", str(tmp_path))

    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    assert os.listdir(tmp_path) == ["mine"]


def test_directory_of_something_else_is_not_removed(rig, tmp_path):
    (tmp_path / "mine").touch()

    assert script(rig, "down", "--dir", str(tmp_path)).returncode == 1
    assert os.listdir(tmp_path) == ["mine"]


def test_machine_without_packages_and_without_root_is_told_what_to_type(rig, monkeypatch, capsys):
    loaded = runpy.run_path(str(rig.CLUSTER))
    monkeypatch.setattr(os, "getuid", lambda: 1000)

    with pytest.raises(SystemExit) as left:
        loaded["install"](["slurm-wlm", "munge"])
    assert left.value.code == 3
    assert "sudo apt-get install slurm-wlm munge" in capsys.readouterr().err
