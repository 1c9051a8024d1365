"""The handle of a run, for scripts and notebooks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from reprlib import repr as short_repr
from typing import Any, Literal, overload

from reflow.errors import UnknownTask, UsageError
from reflow.model.states import RunState
from reflow.run.arguments import check_arguments
from reflow.run.cancel import cancel
from reflow.run.drive import drive, follow, start
from reflow.run.logs import log_slices, log_text
from reflow.run.look import heal, look
from reflow.run.opened import OpenRun
from reflow.run.results import results
from reflow.run.retry import retry
from reflow.run.select import check_there, parse_selector, unknown_task
from reflow.run.status import read_status
from reflow.run.why import why
from reflow.rundir.control import Scope

Decoder = Callable[[str, Any], Any]  #: task and tagged value to value


class Run:
    """A run that was submitted, wherever it is and whoever drives it.

    Any number of handles may be open on one run; they hold no lock and keep nothing alive.
    """

    def __init__(self, run: OpenRun, decode: Decoder) -> None:
        self._run = run
        self._decode = decode

    @property
    def id(self) -> str:
        """Its id."""
        return self._run.id

    @property
    def state(self) -> str:
        """``running``, ``succeeded``, ``failed``, ``cancelled`` or ``held``."""
        return str(read_status(self._run)["state"])

    @overload
    def status(self, as_dict: Literal[False] = False) -> None: ...
    @overload
    def status(self, as_dict: Literal[True]) -> dict[str, Any]: ...
    def status(self, as_dict: bool = False) -> dict[str, Any] | None:
        """Print how it stands, or return that as a dict, with the keys of ``status --json``."""
        check_arguments(as_dict=as_dict)
        found = look(self._run)
        if as_dict:
            return found
        print(_text(found))
        return None

    def wait(self, timeout: float | None = None) -> str:
        """Wait until it is over and return its state.

        Raises:
            TimeoutError: It is not over after so many seconds.
            OutOfReach: Nothing drives it any more, it is held, or its directory is gone.
            UsageError: The timeout is no number.
        """
        check_arguments(timeout=timeout)
        state = follow(self._run, timeout)["state"]
        if not RunState(state).is_over:
            raise TimeoutError(f"run {self.id} is not over after {timeout} s; it is {state}")
        return str(state)

    def result(self, task: str) -> Any:
        """Return what a job returned, or the list of what an array task's instances returned.

        Raises:
            UnknownTask: There is no such task.
            UsageError: Not all of it has succeeded, yet or at all.
        """
        _check_task("result", task)
        found = self.results(task)
        total = self._run.ledger.overview().tasks[task].total
        if total is None or len(found) < total:
            raise UsageError(f"{task} of run {self.id} has no result: it is {self._task_state(task)}")
        return list(found.values()) if self._run.graph.tasks[task].array else found[0]

    def results(self, task: str) -> dict[int, Any]:
        """Return what each instance of a task returned, by index; those without a result are left out.

        Raises:
            UnknownTask: There is no such task.
        """
        _check_task("results", task)
        return {index: self._decode(task, value) for index, value in results(self._run, task).items()}

    def errors(self) -> list[dict[str, Any]]:
        """Return what failed: ``task``, ``index``, ``attempt``, ``error`` and ``log`` of each instance."""
        return list(read_status(self._run)["failed"])

    def logs(self, task: str, index: int = 0) -> str:
        """Return what the last attempt at an instance printed, and the traceback of what it raised.

        Raises:
            UnknownTask: There is no such task, or it has no such instance.
        """
        _check_task("logs", task)
        check_arguments(index=index)
        if task not in self._run.graph.tasks:
            raise UnknownTask(unknown_task(task, self._run.graph))
        scope = Scope(task, frozenset((index,)))
        check_there(self._run, scope)
        found = log_slices(self._run, [scope])
        return log_text(found[-1]) if found else ""

    @overload
    def why(
        self, task: str | None = None, index: int | None = None, as_dict: Literal[False] = False
    ) -> None: ...
    @overload
    def why(
        self, task: str | None = None, index: int | None = None, *, as_dict: Literal[True]
    ) -> list[dict[str, Any]]: ...
    def why(
        self, task: str | None = None, index: int | None = None, as_dict: bool = False
    ) -> list[dict[str, Any]] | None:
        """Print why instances ran, were reused, wait, failed or were skipped, or return what ``why --json`` prints.

        Args:
            task: A task or a selector (``"convert[failed]"``); default: all. Of instances in one state the first
                is explained.
            index: The instance of the task that is meant.

        Raises:
            UnknownTask: There is no such task, or it has no such instance.
            UsageError: That is no selector, or an index is given without its task.
        """
        _check_task("why", task, may_be_none=True)
        check_arguments(as_dict=as_dict)
        if index is not None:
            check_arguments(index=index)
        if index is not None and task is None:
            raise UsageError(f"which task has the instance {index}? write: why(TASK, {index})")
        scopes = self._scopes(task if index is None else f"{task}[{index}]")
        heal(self._run)
        found = [told.facts() for told in why(self._run, scopes)]
        if as_dict:
            return found
        print(_why_text(found))
        return None

    def cancel(self, task: str | None = None) -> None:
        """Cancel it, or a task (``"convert"``) or some instances (``"convert[3]"``) of it; return when that holds.

        Raises:
            UnknownTask: There is no such task, or it has no such instance.
            OutOfReach: It could not be carried out in time, or the run cannot be reached or is somebody else's.
        """
        _check_task("cancel", task, may_be_none=True)
        print(cancel(self._run, self._scopes(task)))

    def retry(self, task: str | None = None, verify: bool = True) -> None:
        """Open new attempts for what failed, was cancelled or skipped: all, or of a task; return at once.

        Args:
            task: A task or a selector (``"convert[3]"``); default: all.
            verify: Whether to look first whether the kept outputs that it builds on still hold.

        Raises:
            UnknownTask: There is no such task, or it has no such instance.
            OutOfReach: The run cannot be reached, or is somebody else's.
            UsageError: The run is held.
        """
        _check_task("retry", task, may_be_none=True)
        check_arguments(verify=verify)
        report = retry(self._run, self._scopes(task), verify=verify)
        print(report.message)
        if report.needs_driver:
            go_on(self._run)

    def _scopes(self, selector: str | None) -> list[Scope]:
        if selector is None:
            return []
        scope = parse_selector(selector, self._run.graph)
        check_there(self._run, scope)
        return [scope]

    def _task_state(self, task: str) -> str:
        return str(read_status(self._run)["tasks"][task]["state"])

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    def _repr_html_(self) -> str:
        from reflow.view.card import card_html

        return card_html(look(self._run))


def go_on(run: OpenRun, *, wait: bool = False) -> None:
    """Have a run go on: in a process of its own, or here when the caller waits or its executor runs here."""
    if run.executor.foreground or (wait and run.is_resident):
        drive(run)
    else:
        start(run)


def _check_task(method: str, task: object, *, may_be_none: bool = False) -> None:
    """Refuse a task's function: a run knows names alone, and one function may be several tasks."""
    if isinstance(task, str) or (may_be_none and task is None):
        return
    name = getattr(task, "__name__", None)
    remedy = f'write "{name}"' if name else 'write it as text, such as "convert"'
    raise UsageError(f"{method} takes the name of a task, not {short_repr(task)}; {remedy}")


def _text(status: dict[str, Any]) -> str:
    from reflow.view.screen import screen_for
    from reflow.view.status import status_text

    return status_text(status, screen_for(sys.stdout), time.time())


def _why_text(told: list[dict[str, Any]]) -> str:
    from reflow.view.screen import screen_for
    from reflow.view.why import why_text

    return why_text(told, screen_for(sys.stdout), time.time()) or "no instance fits"
