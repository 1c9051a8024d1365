"""``boot.py serve RUN_ROOT``: a resident worker, fed over inherited descriptors."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from reflow.errors import ReflowError
from reflow.worker.interrupt import Interruption
from reflow.worker.load import load_run
from reflow.worker.protocol import Channel
from reflow.worker.serve import Server
from reflow.worker.stdio import Log


def main(root: str, arguments: Sequence[str], launched: Mapping[str, Any]) -> int:
    """Serve until the executor has no more; return the exit status."""
    channel = Channel()
    interruption = Interruption()
    interruption.listen()
    try:
        run = load_run(root, launched["run"])
        sys.argv = [run.flow_file]
        channel.send({"ready": True})
        Server(run, channel, Log(), interruption).serve()
    except BaseException as error:
        _report(channel, error)
        return 1
    return 0


def _report(channel: Channel, error: BaseException) -> None:
    if isinstance(error, ReflowError):
        channel.send({"fatal": str(error)})
        return
    from reflow.worker.raised import describe

    reason, details, _ = describe(error)
    print(json.loads(details)["traceback"] if details else reason, file=sys.stderr)
    channel.send({"fatal": reason})
