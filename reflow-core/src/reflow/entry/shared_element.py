"""``boot.py shared_element RUN_ROOT TOKEN [NUMBER]``: one element of a batch job, with several workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from reflow.entry.element import go_on, number_of
from reflow.errors import ReflowError
from reflow.rundir.boot import boot_argv
from reflow.rundir.layout import RunPaths
from reflow.worker.element import job_name
from reflow.worker.shared_element import Program, SharedElement


def main(root: str, arguments: Sequence[str], launched: Mapping[str, Any]) -> int:
    """See to the workers of the element; the last one out goes on as the coordinator."""
    token, number = arguments[0], number_of(arguments)
    paths, info = RunPaths(root), launched["run"]
    try:
        program = Program(
            lambda start: boot_argv(info["python"], root, "shared_worker", token, str(number), str(start)),
            dict(os.environ),
        )
        element = SharedElement(paths, paths.submission(token), number, job_name(), program)
        is_last = element.work()
    except ReflowError as error:
        print(f"reflow: {error}", file=sys.stderr)
        return error.exit_code
    if is_last:
        go_on(info, root, token, launched)
    return int(element.has_failed)
