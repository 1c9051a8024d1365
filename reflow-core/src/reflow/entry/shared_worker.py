"""``boot.py shared_worker RUN_ROOT TOKEN ELEMENT START``: one of several workers that share an element."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from reflow.errors import ReflowError
from reflow.filesystem.files import moved_up
from reflow.rundir.layout import RunPaths
from reflow.worker.element import ElementWork, Place, work_through
from reflow.worker.interrupt import Interruption
from reflow.worker.load import load_run
from reflow.worker.positions import INHERITED, taken
from reflow.worker.protocol import watch_life
from reflow.worker.stdio import Log


def main(root: str, arguments: Sequence[str], launched: Mapping[str, Any]) -> int:
    """Take instances until there are no more; return the exit status."""
    token, element, start = arguments[0], int(arguments[1]), int(arguments[2])
    positions = moved_up(INHERITED)
    interruption = Interruption()
    interruption.listen()
    watch_life()
    log = Log()
    paths = RunPaths(root)
    try:
        run = load_run(root, launched["run"])
        sys.argv = [run.flow_file]
        log.switch(paths.element_log(token, element, start))
        work = ElementWork(run, Place(paths.submission(token), element, start), interruption, log.position)
        try:
            instances = (work.payload.line(position) for position in taken(positions))
            work_through(work, instances, interruption)
            work.segment.seal()
        finally:
            work.close()
    except ReflowError as error:
        print(f"reflow: {error}", file=sys.stderr)
        return error.exit_code
    return 0
