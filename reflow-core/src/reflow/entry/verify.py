"""``boot.py verify RUN_ROOT``: asks the verifiers of the flow about outputs, one line of JSON for another.

A question is ``[task, output as tagged JSON]``, an answer ``[holds, reason, missing]``. Before the first one it
says ``["ready"]``, or ``["fatal", reason]``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from reflow.errors import ReflowError
from reflow.filesystem.files import copied_up
from reflow.worker.load import LoadedRun, load_run
from reflow.worker.raised import describe
from reflow.worker.verify import Judge


def main(root: str, arguments: Sequence[str], launched: Mapping[str, Any]) -> int:
    """Answer until there are no more questions; what user code prints goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks is interrupted, and closes the pipe
    questions, answers = _moved_away(0, os.O_RDONLY), _moved_away(1, os.O_WRONLY)
    os.dup2(2, 1)
    run = _load(root, launched["run"], answers)
    if run is None:
        return 1
    judge = Judge(run)
    _say(answers, "ready")
    with open(questions, "rb") as lines:
        for line in lines:
            task, text = json.loads(line)
            _say(answers, *judge.verdict(task, json.loads(text)))
    return 0


def _load(root: str, info: Mapping[str, Any], answers: int) -> LoadedRun | None:
    try:
        run = load_run(root, info)
    except BaseException as error:
        _say(answers, "fatal", str(error) if isinstance(error, ReflowError) else describe(error)[0])
        return None
    sys.argv = [run.flow_file]
    return run


def _moved_away(descriptor: int, flags: int) -> int:
    """Return a descriptor that user code does not meet by chance; its number leads nowhere."""
    moved = copied_up(descriptor)
    null = os.open(os.devnull, flags)
    os.dup2(null, descriptor)
    os.close(null)
    return moved


def _say(answers: int, *words: object) -> None:
    data = json.dumps(words).encode("ascii") + b"\n"
    while data:
        data = data[os.write(answers, data) :]
