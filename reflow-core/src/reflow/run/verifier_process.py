"""The process that calls verifiers which need user code or a plugin; one for however many outputs."""

from __future__ import annotations

import contextlib
import json
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reflow.contracts.verifier import Verdict
from reflow.errors import OutOfReach
from reflow.run.opened import OpenRun
from reflow.rundir.boot import boot_argv

if TYPE_CHECKING:
    import subprocess

GRACE_S = 2.0  #: how long the process may take to end once it is asked nothing more
BEAT_S = 5.0  #: how often somebody is told that a verifier still works


class VerifierProcess:
    """Started when it is first asked; one that dies costs the output that it was asked about, and is started again.

    Args:
        beat: Is called while an answer is waited for.
    """

    def __init__(self, run: OpenRun, beat: Callable[[], object]) -> None:
        self._run = run
        self._beat = beat
        self._process: subprocess.Popen[bytes] | None = None
        self._is_asked = False
        self._refusal = ""  # why it cannot be started

    def ask(self, task: str, text: str) -> Verdict:
        """Return what a task's own verifier says of an output, given as tagged JSON.

        Raises:
            OutOfReach: The flow cannot be loaded; that is not tried again.
        """
        process = self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps([task, text]).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # what is read next says so
        answer = self._answer(process)
        if answer is None:
            return Verdict(False, f"its verifier did not answer: {self._ended()}")
        return Verdict(*answer)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            if self._is_asked:  # whoever waited for the answer was interrupted
                self._process.kill()
            self._ended()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        if self._refusal:
            raise OutOfReach(self._refusal)
        import subprocess

        run = self._run
        self._process = subprocess.Popen(
            boot_argv(run.info["python"], run.paths.root, "verify"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        ready = self._answer(self._process)
        if ready != ["ready"]:
            self._ended()
            told = ready[1] if ready else "the process that was started for it ended"
            self._refusal = f"outputs of run {run.id} cannot be verified: {told}"
            raise OutOfReach(self._refusal)
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> Any:
        """Return the next line as JSON; None when there will be none."""
        assert process.stdout is not None
        self._is_asked = True
        self._beat()
        answers = select.poll()
        answers.register(process.stdout, select.POLLIN)
        while not answers.poll(BEAT_S * 1000):
            self._beat()
        line = process.stdout.readline()
        self._is_asked = False
        return json.loads(line) if line.endswith(b"\n") else None

    def _ended(self) -> str:
        """Let the process end, and say how it did."""
        import subprocess

        from reflow.filesystem.process import how_it_ended

        process, self._process = self._process, None
        assert process is not None
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):  # of what could not be written any more
                if pipe is not None:
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return how_it_ended(process.wait(GRACE_S))
        process.kill()  # it has been asked nothing more, and has something else to do
        return how_it_ended(process.wait())
