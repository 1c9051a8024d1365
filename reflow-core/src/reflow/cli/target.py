"""Which run and which of its instances are meant by what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call, absolute
from reflow.define.names import nearest
from reflow.errors import UnknownRun, UsageError
from reflow.model.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from reflow.run.opened import OpenRun
    from reflow.rundir.control import Scope


class Target(NamedTuple):
    """A run, None for the newest, and the selectors, as they were typed."""

    run: str | None
    selectors: tuple[str, ...] = ()


def read_target(words: Sequence[str], tasks: Container[str], run: str | None) -> Target:
    """Return what words mean in a flow's own script.

    A word that is the name of a task or has a ``[`` is a selector, any other a run.

    Args:
        run: What ``--run`` names.

    Raises:
        UsageError: Two runs are named.
    """
    runs = [word for word in words if word not in tasks and "[" not in word]
    if run is not None:
        runs.insert(0, run)
    if len(runs) > 1:
        raise UsageError(f"{runs[0]!r} and {runs[1]!r} name two runs; name one (a task is named as in: dag)")
    return Target(runs[0] if runs else None, tuple(word for word in words if word in tasks or "[" in word))


def read_any_target(words: Sequence[str], run: str | None, prog: str) -> Target:
    """Return what words mean after ``reflow COMMAND``: first the run, then selectors.

    Raises:
        UsageError: No run is named.
    """
    named = list(words)
    if run is None:
        if not named:
            raise UsageError(f"which run? see: {prog} runs; the newest is: @last")
        run = named.pop(0)
    return Target(run, tuple(named))


def target_of(call: Call) -> Target:
    """Return what was typed, by the rules of the script or of ``reflow``."""
    if call.workflow is None:
        return read_any_target(call.options.words, call.options.run, call.prog)
    return read_target(call.options.words, call.workflow.tasks, call.options.run)


def open_target(call: Call, target: Target) -> OpenRun:
    """Open the run that is meant; without a name, the newest of this workflow.

    Raises:
        UnknownRun: None or several are meant.
    """
    from reflow.compose.runs import open_run

    run_dir = call.options.run_dir
    try:
        run = open_run(
            "@last" if target.run is None else target.run,
            run_dir=absolute(run_dir) if run_dir else None,
            settings=call.settings,
            workflow=call.workflow.name if call.workflow is not None else None,
        )
    except UnknownRun as error:
        if call.workflow is None or (near := nearest(target.run or "", call.workflow.tasks)) is None:
            raise
        raise UnknownRun(f"{error}\ndid you mean the task {near!r}?") from error
    if run.passed_over is not None:
        call.hint(
            f"warning: the directory of {run.passed_over}, which is newer, is not there; this is {run.id}"
        )
    return run


def open_run_alone(call: Call) -> OpenRun:
    """Open the run that is meant, for a command that takes no selectors.

    Raises:
        UsageError: Tasks or instances are named.
        UnknownRun: None or several are meant.
    """
    target = target_of(call)
    if target.selectors:
        wrong = f"{call.command} takes a run; {target.selectors[0]!r} is not the name of one"
        raise UsageError(f"{wrong}\nsee: {call.prog} {call.command} --help")
    return open_target(call, target)


def selectors_of(run: OpenRun, target: Target) -> list[Scope]:
    """Return the selectors that were typed, checked against the tasks of the run.

    Raises:
        UnknownTask: One names no task, or no instance that its task has.
    """
    if not target.selectors:
        return []
    from reflow.run.select import check_there, parse_selector

    scopes = [parse_selector(text, run.graph) for text in target.selectors]
    for scope in scopes:
        check_there(run, scope)
    return scopes
