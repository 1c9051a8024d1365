"""``boot.py element RUN_ROOT TOKEN [NUMBER]``: one element of a batch job."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from reflow.errors import ReflowError
from reflow.rundir.layout import RunPaths
from reflow.worker.element import Element, job_name
from reflow.worker.interrupt import Interruption
from reflow.worker.load import load_run
from reflow.worker.stdio import Log


def main(root: str, arguments: Sequence[str], launched: Mapping[str, Any]) -> int:
    """Work through the element; the last one out goes on as the coordinator."""
    token = arguments[0]
    number = number_of(arguments)
    interruption = Interruption()
    interruption.listen()
    log = Log()
    try:
        run = load_run(root, launched["run"])
        sys.argv = [run.flow_file]
        element = Element(run, RunPaths(root).submission(token), number, job_name())
        if element.is_another_s:
            return 0
        is_last = element.work(interruption, log)
    except ReflowError as error:
        print(f"reflow: {error}", file=sys.stderr)
        return error.exit_code
    if is_last:
        go_on(run.info, root, token, launched)
    return 0


def number_of(arguments: Sequence[str]) -> int:
    """Return the number of the element that this process is to work on."""
    return int(arguments[1] if len(arguments) > 1 else os.environ["SLURM_ARRAY_TASK_ID"])


def go_on(info: Mapping[str, Any], root: str, token: str, launched: Mapping[str, Any]) -> None:
    """Become the coordinator, in the environment, directory and umask that this process was started with.

    Returns where elements are not to advance their run.
    """
    if info["executor"]["options"].get("dispatch", {}).get("mode", "inline") != "inline":
        return
    from reflow.rundir.boot import boot_argv

    sys.stdout.flush()
    sys.stderr.flush()
    os.umask(launched["umask"])
    os.chdir(launched["directory"])
    argv = boot_argv(info["python"], root, "advance", token)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # a pass is short, and its watchdog stands
    os.execve(argv[0], argv, launched["environment"])
