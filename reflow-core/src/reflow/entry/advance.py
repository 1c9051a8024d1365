"""``boot.py advance RUN_ROOT``: the driver of a run that goes on alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from reflow.compose import KnownRun, open_known
from reflow.config.settings import load_settings
from reflow.errors import ReflowError
from reflow.run.drive import drive
from reflow.rundir.layout import RunPaths


def main(root: str, arguments: Sequence[str], launched: Mapping[str, object]) -> int:
    """Drive a run until it is over; return the exit status."""
    try:
        paths = RunPaths(root)
        drive(open_known(KnownRun(paths.run_id, paths.run_dir, 0), load_settings()))
    except ReflowError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0
