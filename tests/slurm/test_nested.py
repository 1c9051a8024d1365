"""Runs that are submitted from odd places, with odd values, and whose code changes under them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from watched import Shell, run_in, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ODD = 'it\'s "so" $(touch pwned) `touch pwned` ; & | * ? ~ %j \\ ü 雪\n#SBATCH --comment=pwned\t'
CANARY = "canary-71b3"  #: stands in every value, and is looked for where nothing of them may show
ODD_PLACE = 'it\'s "odd" $(touch pwned) `touch pwned` %j & ü 雪'

FLOW = """
import time
from typing import Annotated

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("odd")


@wf.job
def words(text: Annotated[str, Param(help="Anything")]) -> list[str]:
    return [text, text[::-1]]


@wf.array_job
def keep(word: Annotated[str, Result("words")], run_dir: RunDir = RunDir()) -> str:
    (run_dir / "began").touch()
    while not (run_dir / "open").exists():
        time.sleep(0.05)
    return word


@wf.job
def joined(found: Annotated[list[str], Result("keep")]) -> str:
    return "".join(found)


if __name__ == "__main__":
    wf.cli()
"""


@pytest.fixture
def shell(accounted, tmp_path) -> Shell:
    """A user in a directory whose name is full of traps, with a package that holds a flow."""
    place = tmp_path / ODD_PLACE
    (place / "package").mkdir(parents=True)
    (place / "package" / "__init__.py").touch()
    (place / "package" / "flow.py").write_text(FLOW)
    return Shell(place, accounted)


def pwned(folder: Path) -> list[str]:
    """What a shell would have made of the traps, and where a job falls back to when its directory is not found."""
    places = [folder, Path.home(), Path("/tmp"), Path("/")]
    return [str(place) for place in places if (place / "pwned").exists()] + [
        str(found) for found in folder.rglob("pwned")
    ]


def what_everybody_sees(shell: Shell) -> str:
    """What all users of a cluster and of its machines may read of jobs and processes."""
    ask = shell.cluster.run
    told = [
        ask("squeue", "-h", "-t", "all", "-o", "%all"),
        ask(
            "squeue", "-h", "-t", "all", "-r", "-O", "Name:999,Comment:999,Command:999,WorkDir:999,STDOUT:999"
        ),
        ask("scontrol", "-d", "show", "job"),
        ask("sacct", "-P", "-a", "-S", "now-1hour", "-o", "ALL"),
    ]
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            told.append(Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(told)


# Odd places and odd values --------------------------------------------------------------------------------


def test_odd_names_and_values_reach_the_tasks_and_are_seen_by_nobody_else(shell):
    folder, text = shell.place / "runs" / "odd", ODD + CANARY
    shell.type("-m", "package.flow", "submit", "--executor", "slurm", "--text", text)
    until((folder / "began").exists)
    seen = what_everybody_sees(shell)
    (folder / "open").touch()

    assert run_in(folder).see_end() == "succeeded"
    assert shell.results(folder, "joined") == {0: text + text[::-1]}
    assert "odd.keep." in seen
    assert CANARY not in seen
    assert CANARY[::-1] not in seen
    assert pwned(shell.place) == []


def test_elements_of_an_array_job_submit_runs_that_outlive_them(shell):
    (shell.place / "outer.py").write_text(
        "import os, sys\n"
        "from package.flow import wf\n"
        "wf.submit(f\"inner{os.environ['SLURM_ARRAY_TASK_ID']}\", executor='slurm', text=os.environ['TEXT'])\n"
    )
    folders = [shell.place / f"inner{number}" for number in (0, 1)]
    outer = subprocess.run(
        ["sbatch", "--parsable", "--array=0-1", "--job-name=outer", "--time=5", f"--chdir={shell.place}"],
        input=f'#!/bin/sh\nexport PYTHONPATH=. SBATCH_PARTITION=none\nexec "{sys.executable}" outer.py\n',
        env={**os.environ, "SLURM_CONF": shell.cluster.conf, "TEXT": ODD},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    until(lambda: all((folder / "began").exists() for folder in folders))
    until(lambda: shell.cluster.run("squeue", "-h", "-j", outer, "-t", "PD,R,CG") == "")
    for folder in folders:
        (folder / "open").touch()

    assert [run_in(folder).see_end() for folder in folders] == ["succeeded"] * 2
    assert [shell.results(folder, "joined") for folder in folders] == [{0: ODD + ODD[::-1]}] * 2
    assert pwned(shell.place) == []


@pytest.mark.filterwarnings("ignore")  # of Jupyter's own
def test_notebook_submits_to_the_cluster_and_goes_away(shell, monkeypatch):
    import nbclient
    import nbformat

    monkeypatch.setenv("SLURM_CONF", shell.cluster.conf)
    cells = [
        FLOW.partition('if __name__ == "__main__":')[0],
        f"wf.submit('noted', executor='slurm', text={ODD!r})",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbclient.NotebookClient(
        notebook, timeout=100, kernel_name="python3", resources={"metadata": {"path": str(shell.place)}}
    ).execute()
    folder = shell.place / "noted"
    until((folder / "began").exists)
    (folder / "open").touch()

    assert run_in(folder).see_end() == "succeeded"
    assert shell.results(folder, "joined") == {0: ODD + ODD[::-1]}
    assert pwned(shell.place) == []


# Code that changes ----------------------------------------------------------------------------------------


def test_run_goes_on_with_what_was_submitted_when_its_flow_is_edited_and_then_broken(shell):
    folder, flow = shell.place / "runs" / "odd", shell.place / "package" / "flow.py"
    shell.type("-m", "package.flow", "submit", "--executor", "slurm", "--text", "abc")
    until((folder / "began").exists)
    unchanged = shell.status(folder)["messages"]
    flow.write_text(FLOW.replace('"".join(found)', '"edited"'))
    edited = shell.status(folder)["messages"]
    flow.write_text("this is no Python (\n")
    broken = shell.status(folder)["messages"]
    (folder / "open").touch()

    assert run_in(folder).see_end() == "succeeded"
    assert shell.results(folder, "joined") == {0: "abccba"}
    assert not [message for message in unchanged if str(flow) in message]
    assert [message for message in edited if str(flow) in message]
    assert [message for message in broken if str(flow) in message]


# Runs that are only looked at beforehand ------------------------------------------------------------------


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and directory below a directory, with its size and when it was changed."""
    found = {path: path.stat() for path in folder.rglob("*") if "__pycache__" not in str(path)}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def test_dry_run_tells_every_command_and_changes_no_row_and_no_file(shell):
    home = Path(os.environ["HOME"])
    dry = ("-m", "package.flow", "submit", "--executor", "slurm", "--dry-run", "-v", "--text", "abc")
    none = shell.type(*dry)
    left_in_nothing = [path for path in home.rglob("*") if path.is_file()]
    (shell.place / "runs" / "odd").mkdir(parents=True)
    (shell.place / "runs" / "odd" / "open").touch()
    shell.type("-m", "package.flow", "submit", "--executor", "local", "--text", "other")
    before = everything(shell.place), everything(home)
    some = shell.type(*dry)

    assert left_in_nothing == []
    assert (everything(shell.place), everything(home)) == before
    assert shell.queue() == []
    for told in (none.stdout, some.stdout):
        assert [told.count(f"--job-name=odd.{job}.") for job in ("words", "watchdog", "net")] == [1, 1, 1]
        assert "#!/bin/sh" in told
