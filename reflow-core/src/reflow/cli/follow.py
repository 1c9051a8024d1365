"""Moving a run on in the foreground, or leaving it to go on alone; watching it meanwhile."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call, write
from reflow.errors import ReflowError
from reflow.model.states import RunState
from reflow.view.words import printable

if TYPE_CHECKING:
    from reflow.run.interrupt import Interrupts
    from reflow.run.opened import OpenRun
    from reflow.rundir.layout import RunPaths

FAILED = 1


def go_on(call: Call, run: OpenRun, said: Iterable[str] = ()) -> int:
    """Drive a run to its end where workers need a driver, else hand it over; return the exit code.

    With ``--detach`` it goes on alone, with ``--wait`` this process waits in any case.

    Args:
        said: Messages of the run that were shown already.
    """
    with interruptible(call, run.paths):
        set_off(call, run, said)
    return stay(call, run)


@contextlib.contextmanager
def interruptible(call: Call, paths: RunPaths | None = None) -> Iterator[Interrupts]:
    """Say what came of an interrupt; one that cancels the run that is made meanwhile, once it is aimed at it.

    Args:
        paths: The run that goes on: it is for who drives it to cancel it.
    """
    from reflow.run.interrupt import Interrupts

    with Interrupts() as interrupts:
        try:
            yield interrupts
        except KeyboardInterrupt:
            if (place := paths or interrupts.paths) is not None:
                _say_interrupted(call, place)
            raise


def _say_interrupted(call: Call, paths: RunPaths) -> None:
    from reflow.compose.runs import KnownRun, open_known
    from reflow.run.called_off import is_called_off

    try:
        run = open_known(KnownRun(paths.run_id, paths.run_dir, 0), call.settings)
        if run.ledger.overview().state is RunState.CANCELLED:
            call.hint(f"cancelled; to go on: {call.typed('retry', run=run.id)}")
        elif is_called_off(run):
            call.hint(f"a cancel was asked for; to carry it out: {call.typed('cancel', run=run.id)}")
    except ReflowError:  # it was interrupted before there was a run, or can be looked at no more
        pass


def set_off(call: Call, run: OpenRun, said: Iterable[str] = ()) -> None:
    """Drive a run to its end where that is for this process, else start what goes on with it."""
    from reflow.run.drive import drive, start
    from reflow.rundir.messages import told

    before = told(run.paths)  # that was said when it was noticed
    gc.freeze()  # what is loaded now stays, and need not be looked through
    gc.enable()
    if _is_driven_here(call, run):
        watcher = Watcher(call, [*before, *said])
        with _printing_aside(call, run):
            drive(run, None if watcher.is_silent else watcher)
        watcher.clear()
        return
    start(run)
    for message in told(run.paths):
        if message not in before:
            call.hint(printable(message))


def stay(call: Call, run: OpenRun) -> int:
    """Show how a run stands that was set off, after waiting for its end where that is wanted; return the exit code.

    One that is over at once, since all of it was reused or refused, is shown as at its end.
    """
    if _is_driven_here(call, run):
        return report_end(call, run)
    if getattr(call.options, "wait", False):
        return wait_for(call, run)
    if call.options.json or run.ledger.overview().state.is_over:
        return report_end(call, run)
    if not call.options.quiet:
        call.say(run.id)
        call.hint(f"next:  {call.typed('status', run=run.id)}")
    return 0


def _is_driven_here(call: Call, run: OpenRun) -> bool:
    return run.is_resident and not getattr(call.options, "detach", False)


def _printing_aside(call: Call, run: OpenRun) -> contextlib.AbstractContextManager[object]:
    """Keep stdout for facts: what tasks print that run in this very process goes to stderr meanwhile."""
    if run.executor.foreground and (call.options.json or call.options.quiet):
        return contextlib.redirect_stdout(sys.stderr)
    return contextlib.nullcontext()


def wait_for(call: Call, run: OpenRun, timeout_s: float | None = None) -> int:
    """Wait until a run is over and return the exit code that says how it ended."""
    from reflow.run.drive import follow

    gc.enable()
    watcher = Watcher(call)
    status = follow(run, timeout_s, watcher)
    watcher.clear()
    if status["state"] in ("running", "held"):
        return _still(call, run, status)
    return report_end(call, run)


def report_end(call: Call, run: OpenRun) -> int:
    """Show how a run ended and return the exit code that says so."""
    status = _status(run)
    show_status(call, run, status)
    return exit_code(status)


def exit_code(status: dict[str, Any]) -> int:
    """Return 1 when a run failed or was cancelled, else 0."""
    return FAILED if status["state"] in ("failed", "cancelled") else 0


def show_status(call: Call, run: OpenRun, status: dict[str, Any]) -> None:
    """Print how a run stands, as JSON or for people; ``-q`` prints nothing but what was printed before."""
    if call.options.json:
        call.facts(status)
    elif not call.options.quiet:
        from reflow.view.status import status_text

        def typed(command: str, *words: str) -> str:
            return call.typed(command, *words, run=run.id)

        call.say(status_text(status, call.screen(), time.time(), typed))


def _still(call: Call, run: OpenRun, status: dict[str, Any]) -> int:
    show_status(call, run, status)
    call.hint(f"{run.id} is still {status['state']}")
    return FAILED


def _status(run: OpenRun) -> dict[str, Any]:
    from reflow.run.status import read_status

    return read_status(run)


class Watcher:
    """Shows how a run goes on, on stderr: bars that are drawn again on a terminal, elsewhere a line per change.

    Args:
        told: Messages of the run that its user knows.
    """

    def __init__(self, call: Call, told: Iterable[str] = ()) -> None:
        self.is_silent = call.options.quiet or call.options.json
        self._screen = call.screen(sys.stderr)
        self._live = sys.stderr.isatty()
        self._rows = _terminal_rows()
        self._before: dict[str, Any] | None = None
        self._drawn = 0
        self._told = set(told)

    def __call__(self, status: dict[str, Any]) -> None:
        """Take in how the run stands now."""
        if self.is_silent:
            return
        self._tell(status["messages"])
        if self._live and len(status["tasks"]) + 2 < self._rows:
            self._draw(status)
        else:
            self._log(status)
        self._before = status

    def _tell(self, messages: list[str]) -> None:
        """Say at once what the run has to say, above the bars."""
        new = [message for message in messages if message not in self._told]
        if new:
            self.clear()
            self._told.update(new)
            for message in new:
                write(sys.stderr, printable(message))

    def _draw(self, status: dict[str, Any]) -> None:
        from reflow.view.progress import progress_block

        lines = progress_block(status, self._screen, time.time())
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        write(sys.stderr, up + "\n".join(f"\x1b[2K{line}" for line in lines))
        self._drawn = len(lines)

    def clear(self) -> None:
        """Take the bars away, since what follows says the same."""
        if self._drawn:
            write(sys.stderr, f"\x1b[{self._drawn}A\x1b[J", end="")
            self._drawn = 0

    def _log(self, status: dict[str, Any]) -> None:
        from reflow.view.progress import change_lines

        for line in change_lines(self._before, status):
            write(sys.stderr, f"{time.strftime('%H:%M:%S')} {line}")


def _terminal_rows() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).lines
    except (OSError, ValueError):
        return 0
