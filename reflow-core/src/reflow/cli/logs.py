"""``logs``: what instances printed."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call
from reflow.cli.options import Basics, number_from, refuse_together, run_parser
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_target, selectors_of, target_of
from reflow.config.known_plugins import BUILT_IN_EXECUTOR

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.run.logs import LogSlice
    from reflow.run.opened import OpenRun
    from reflow.rundir.control import Scope

_TAIL = 50  #: lines of each log, unless an instance is named


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``logs``."""
    return run_parser(prog, "What the instances of a run printed.", _add_own)


def _add_own(basics: Basics) -> None:
    basics.add_argument(
        "-n", "--lines", type=number_from(0), metavar="N", help="print the last N lines of each"
    )
    basics.add_argument("-f", "--follow", action="store_true", help="go on printing until the run is over")
    basics.add_argument("--failed", action="store_true", help="only of instances that failed")
    basics.add_argument("--path", action="store_true", help="print only which files they are in")


def run(call: Call) -> int:
    """Print logs: of the instances that are meant, else of those that failed, else of all."""
    from reflow.run.logs import log_slices
    from reflow.run.look import heal

    if call.options.follow:
        _check_following(call)
    target = target_of(call)
    run = open_target(call, target)
    scopes = selectors_of(run, target)
    if call.options.follow:
        _follow(run, scopes)
        return 0
    heal(run)
    found = _chosen(call, log_slices(run, scopes), named=bool(scopes))
    if call.options.json:
        call.facts([_facts(run, item) for item in found])
    elif call.options.path or call.options.quiet:
        _print_paths(call, run, found)
    elif not found:
        call.hint(
            _nothing(call, run, scopes)
            or f"nothing was logged; see: {call.typed('why', *target.selectors, run=run.id)}"
        )
    else:
        for item in found:
            _print(call, run, item, alone=len(found) == 1)
    return 0


def _check_following(call: Call) -> None:
    options = call.options
    others = {
        "--failed": options.failed,
        "--path": options.path,
        "--json": options.json,
        "-n": options.lines is not None,
        "-q": options.quiet,
    }
    refuse_together("-f", others, "prints all that is logged as it comes")


def _nothing(call: Call, run: OpenRun, scopes: list[Scope]) -> str:
    """Say that nothing failed that is meant, or where jobs wrote that ended before they came to an instance."""
    if call.options.failed:
        return "no log: nothing of that was begun and has failed"
    tasks = {scope.task for scope in scopes} or {None}
    asked = [name for name in run.graph.tasks if {name, None} & tasks and not run.ledger.attempts(name)]
    paths = [path for path in map(run.paths.task_log, asked) if os.path.exists(path)]
    return f"no instance was begun; what their jobs wrote: {'  '.join(paths)}" if paths else ""


def _chosen(call: Call, slices: list[LogSlice], *, named: bool) -> list[LogSlice]:
    newest = {(item.attempt.task, item.attempt.index): item for item in slices}
    failed = [item for item in newest.values() if item.attempt.state.value == "failed"]
    return failed if call.options.failed or (failed and not named) else slices


def _print_paths(call: Call, run: OpenRun, slices: list[LogSlice]) -> None:
    paths = dict.fromkeys(item.path for item in slices if item.path is not None)
    for path in paths:
        call.say(path)
    if slices and not paths:
        call.hint(_no_log(run))


def _no_log(run: OpenRun) -> str:
    """Return why an instance that was begun has no log."""
    from reflow.rundir.collected import collected_at

    if collected_at(run.paths) is not None:
        return "its log is gone: reflow store gc removed it"
    if run.info["executor"]["name"] == BUILT_IN_EXECUTOR:
        return f"no log is kept: {BUILT_IN_EXECUTOR} prints in its own terminal"
    return "there is no log of it"


def _facts(run: OpenRun, item: LogSlice) -> dict[str, Any]:
    from reflow.run.logs import inputs_of, raised_by

    attempt = item.attempt
    return {
        "task": attempt.task,
        "index": attempt.index,
        "attempt": attempt.attempt,
        "state": attempt.state.value,
        "reason": attempt.reason,
        "error": raised_by(attempt),
        "host": attempt.host,
        "inputs": inputs_of(run, attempt),
        "path": item.path,
        "start": item.start,
        "end": item.end,
    }


def _print(call: Call, run: OpenRun, item: LogSlice, *, alone: bool) -> None:
    from reflow.run.logs import read_slice, traceback_of
    from reflow.view.logs import RULE, log_header

    array = run.graph.tasks[item.attempt.task].array
    call.hint(log_header(_facts(run, item), call.screen(sys.stderr), array=array, no_log=_no_log(run)))
    raised = traceback_of(item.attempt)
    if item.path is None and not raised:
        return
    call.hint(RULE)
    lines = call.options.lines if call.options.lines is not None or alone else _TAIL
    _write(read_slice(item) if lines is None else _last_lines(read_slice(item), lines))
    _write([raised.encode("utf-8", "replace")])
    call.hint(RULE)


def _last_lines(text: Iterable[bytes], number: int) -> list[bytes]:
    """Return the end of a log that may be far larger than memory should be."""
    kept = b""
    for block in text:
        lines = (kept + block).splitlines(keepends=True)
        kept = b"".join(lines[-number:]) if number > 0 else b""
    return [kept]


def _write(blocks: Iterable[bytes]) -> None:
    """Write what was logged, byte for byte where stdout takes bytes, ending with a newline."""
    sys.stdout.flush()
    binary = getattr(sys.stdout, "buffer", None)
    last = b"\n"
    for block in blocks:
        if block:
            _put(binary, block)
            last = block
    if not last.endswith(b"\n"):
        _put(binary, b"\n")
    if binary is not None:
        binary.flush()


def _put(binary: Any, block: bytes) -> None:
    if binary is not None:
        binary.write(block)
    else:
        sys.stdout.write(block.decode("utf-8", "replace"))


def _follow(run: OpenRun, scopes: list[Scope]) -> None:
    """Print what is logged as it comes, until the run is over.

    Raises:
        OutOfReach: Nothing drives the run any more.
    """
    from reflow.run.drive import follow

    gc.enable()
    follower = _Follower(run, scopes)
    follow(run, look=lambda status: follower.go_on())


class _Follower:
    """Prints what has come to the logs since it looked last."""

    def __init__(self, run: OpenRun, scopes: list[Scope]) -> None:
        self._run = run
        self._scopes = scopes
        self._printed: dict[tuple[str, int, int, int], int] = {}  # bytes, by task, index, attempt and start
        self._raised: set[tuple[str, int, int, int]] = set()

    def go_on(self) -> None:
        """Print what is new."""
        from reflow.run.logs import log_slices

        for item in log_slices(self._run, self._scopes):
            one = item.attempt
            self._print(item, (one.task, one.index, one.attempt, one.start))
        sys.stdout.flush()

    def _print(self, item: LogSlice, key: tuple[str, int, int, int]) -> None:
        from reflow.run.logs import read_slice, traceback_of

        seen = self._printed.get(key, 0)
        for block in read_slice(item._replace(start=item.start + seen)):
            seen += len(block)
            _put(getattr(sys.stdout, "buffer", None), block)
        self._printed[key] = seen
        if key not in self._raised and (raised := traceback_of(item.attempt)):
            self._raised.add(key)
            _put(getattr(sys.stdout, "buffer", None), raised.encode("utf-8", "replace"))
