"""Running other programs: never by a shell, never without a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from reflow.errors import SchedulerError
from reflow.model.named_tuple import NamedTuple

PIPE_HOLDS = 4096  #: bytes that a new pipe takes whoever reads it (``man 7 pipe``: a page at least)
DRAIN_S = 5.0  #: how long the output of a program that was killed is waited for


class CommandResult(NamedTuple):
    """How a program ended, with what it said; bytes that are no UTF-8 are replaced.

    Attributes:
        status: Its exit status; ``-N`` when signal N killed it; None when it was stopped at the time limit.
    """

    argv: tuple[str, ...]
    status: int | None
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit status 0."""
        return self.status == 0

    def describe(self) -> str:
        """Return in one line how it ended, with the last line that it said."""
        if self.status is None:
            end = "gave no answer in time"
        elif self.status < 0:
            end = f"was killed by signal {-self.status}"
        else:
            end = f"ended with exit status {self.status}"
        said = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return f"{self.argv[0]} {end}" + (f": {said[-1].strip()}" if said else "")


class StartedCommand:
    """A program that was started and not waited for yet; one that is forgotten so is stopped."""

    def __init__(self, argv: tuple[str, ...], process: subprocess.Popen[bytes], stdin: str) -> None:
        self._argv = argv
        self._process = process
        self._stdin = stdin.encode()
        self._is_waited_for = False
        if len(self._stdin) <= PIPE_HOLDS:
            self._give()

    def __del__(self) -> None:
        self.stop()

    def result(self, timeout_s: float) -> CommandResult:
        """Return how it ended; at the time limit, counted from now, it is killed with all that it started."""
        status: int | None
        self._is_waited_for = True
        try:
            stdout, stderr = self._process.communicate(self._stdin, timeout_s)
            status = self._process.returncode
        except subprocess.TimeoutExpired:
            stdout, stderr = _stop(self._process)
            status = None
        except BaseException:
            _stop(self._process)
            raise
        return CommandResult(self._argv, status, _text(stdout), _text(stderr))

    def _give(self) -> None:
        """Write all of its standard input at once, so that it need not wait until it is waited for."""
        pipe = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError), pipe:  # it reads none
            pipe.write(self._stdin)
        self._process.stdin = None  # else `communicate` would write to it

    def stop(self) -> None:
        """Kill it, with all that it started, unless it was waited for: nobody wants its answer any more."""
        if not self._is_waited_for:
            self._is_waited_for = True
            _stop(self._process)


def start_command(
    argv: Sequence[str], env: Mapping[str, str] | None = None, *, stdin: str = "", cwd: str | None = None
) -> StartedCommand:
    """Start a program, so that other work can be done before its answer is waited for.

    Args:
        env: The whole environment of the program; None passes on the caller's.
        stdin: What the program reads on its standard input: what is longer than a page once it is waited for.

    Raises:
        SchedulerError: There is no such program, or it cannot be started.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise SchedulerError(
            f"cannot start {argv[0]!r}: {error.strerror}; is it installed and on PATH?"
        ) from error
    return StartedCommand(tuple(argv), process, stdin)


def run_command(
    argv: Sequence[str],
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    *,
    stdin: str = "",
    cwd: str | None = None,
) -> CommandResult:
    """Run a program to its end, or kill it and all that it started at the time limit.

    Args:
        env, stdin: As for `start_command`.

    Raises:
        SchedulerError: There is no such program, or it cannot be started.
    """
    return start_command(argv, env, stdin=stdin, cwd=cwd).result(timeout_s)


def _stop(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Kill the program's process group, and wait only so long for its output.

    One that left the group may still hold the pipes; and one that hangs in a system call, as on a file server that is
    gone, ends when that returns, which may be never.
    """
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        return process.communicate(timeout=DRAIN_S)
    except subprocess.TimeoutExpired as late:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.poll()
        return late.stdout or b"", late.stderr or b""


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")
