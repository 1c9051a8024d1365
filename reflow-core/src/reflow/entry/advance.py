"""``boot.py advance RUN_ROOT [TOKEN]``: takes a run on: as its driver, or for a job of a scheduler."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from reflow.compose.runs import KnownRun, open_known
from reflow.config.settings import load_settings
from reflow.errors import ReflowError
from reflow.run.clock import sleep
from reflow.run.drive import drive
from reflow.run.opened import OpenRun
from reflow.rundir.layout import RunPaths


def _advance(run: OpenRun, arguments: Sequence[str]) -> None:
    from reflow.run.advance import advance, advance_for

    if not arguments:
        advance(run, wait=True)
        return
    for pause in advance_for(run, arguments[0]):
        sleep(pause)


def main(root: str, arguments: Sequence[str], launched: Mapping[str, object]) -> int:
    """Advance a run, or drive it until it is over; return the exit status."""
    try:
        paths = RunPaths(root)
        run = open_known(KnownRun(paths.run_id, paths.run_dir, 0), load_settings())
        if run.is_resident:
            drive(run)
        else:
            _advance(run, arguments)
    except ReflowError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0
