"""Counting what is asked of the scheduler: a wrapper around each of its commands, first on PATH."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

COMMANDS = (
    *("sbatch", "srun", "salloc", "scancel", "squeue", "sacct", "scontrol", "sinfo", "sacctmgr"),
    *("sstat", "sprio", "sshare", "sreport", "strigger", "sattach", "sbcast", "sdiag"),
)


class Calls:
    """The calls of all processes, those in jobs too, that were given `path` as their PATH."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "calls"
        self._log.touch()
        wrappers = folder / "bin"
        wrappers.mkdir()
        for command in COMMANDS:
            if real := shutil.which(command):
                self._wrap(wrappers / command, real)
        self.path = f"{wrappers}{os.pathsep}{os.environ['PATH']}"

    def _wrap(self, wrapper: Path, real: str) -> None:
        log = shlex.quote(str(self._log))
        wrapper.write_text(f'#!/bin/sh\necho {wrapper.name} >>{log}\nexec {shlex.quote(real)} "$@"\n')
        wrapper.chmod(0o755)

    @property
    def total(self) -> int:
        """How many calls there were."""
        return len(self._made())

    @property
    def submissions(self) -> int:
        """How many of them were of sbatch; an array is one job."""
        return self._made().count("sbatch")

    def _made(self) -> list[str]:
        return self._log.read_text().split()
