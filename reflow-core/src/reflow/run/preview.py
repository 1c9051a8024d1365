"""What a submit would do, found out without leaving anything behind."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from reflow.contracts.executor import Limits
from reflow.errors import SchedulerError, UnknownTask
from reflow.graph.model import Graph, Node
from reflow.model.records import FoundResult, SubmissionRow
from reflow.model.states import InstanceState, TaskState
from reflow.plan.decide import decide
from reflow.plan.expand import Expansion, Finished, expand
from reflow.plan.inputs import gives_items
from reflow.run.capacity import packed, split
from reflow.run.clock import now_ms
from reflow.run.current import current_results
from reflow.run.job_request import Asked, Frame, task_request
from reflow.run.other_code import ByCode, tell_other_code
from reflow.run.past import PastRuns
from reflow.run.planning import shared_digests
from reflow.run.select import unknown_task
from reflow.run.shared_results import SharedResults
from reflow.run.small_jobs import NET, WATCHDOG, has_small_jobs, net_begins_s, partition_of, small_request
from reflow.run.stamped import stamped_parameters
from reflow.run.submit import SubmitRequest
from reflow.run.why_ran import why_uncached
from reflow.run.why_tasks import reason_of

NOT_VERIFIED = "a dry run verifies nothing: what does not hold, and what is built on it, will run, too"

_T = TypeVar("_T")
_NOTHING = Finished(TaskState.WAITING)


def preview(request: SubmitRequest) -> dict[str, Any]:
    """Return per task how many instances would run and be reused, as far as that is known beforehand.

    Returns:
        ``{"workflow", "tasks": {name: {"state", "total", "run", "reused", "array", "resources", "reason"}},
        "commands": [text], "messages": [text]}``. A task behind one that would run is ``unknown``: what it
        receives is not known yet.
    """
    for name in request.force_tasks:
        if name not in request.graph.tasks:
            raise UnknownTask(unknown_task(name, request.graph))
    parameters = {**stamped_parameters(request.graph, request.parameters), **dict.fromkeys(request.secrets)}
    finished: dict[str, Finished] = {}
    limits = _asked(request.backends.executor.limits, Limits())
    tasks: dict[str, Any] = {}
    commands: list[str] = []
    other_code: dict[str, Mapping[bytes, int]] = {}
    with contextlib.closing(PastRuns(request.backends.store, lambda: request.backends.executor)) as past:
        for name, node in request.graph.tasks.items():
            upstream = [finished[up] for up in request.graph.upstream(name)]
            if any(not up.is_whole for up in upstream):
                finished[name] = _NOTHING
                tasks[name] = _told(node, "unknown", None, Counter(), None)
                continue
            expansion = expand(node, finished, shared_digests(node, parameters, {}))
            found, decided, others = _decide(request, expansion, past.results)
            other_code.update(others)
            finished[name] = _finished(request.graph, expansion, decided, found, past.results)
            state = "reused" if set(decided) <= {"reused"} and expansion.rows else "run"
            reason = _reason(request, node, expansion, decided, parameters, past)
            tasks[name] = _told(node, state, expansion.task.total, Counter(decided), reason)
            if "run" in decided:
                commands += _commands(request, node, decided.count("run"), limits)
        messages = tell_other_code(request.graph, other_code, past.results, "accept", request.code)
    messages += [NOT_VERIFIED] if request.verify else []
    if commands and not request.backends.executor.resident:
        commands += _small_commands(request)
    return {"workflow": request.graph.workflow, "tasks": tasks, "commands": commands, "messages": messages}


def _asked(question: Callable[[], _T], unknown: _T) -> _T:
    try:
        return question()
    except SchedulerError:  # then it is submitted as if there were no limit
        return unknown


def _decide(
    request: SubmitRequest, expansion: Expansion, results: SharedResults
) -> tuple[Mapping[bytes, FoundResult], list[str], ByCode]:
    """Return what was found, per instance ``run`` or ``reused``, and what other code made of that."""
    task = expansion.task.task
    forced = request.force or task in request.force_tasks
    pending = [row for row in expansion.rows if row.state is InstanceState.PENDING]
    asked = set() if forced else {row.identity for row in pending}
    found = current_results(request.graph, results, {task: asked})
    decision = decide(request.graph, {task: pending} if pending else {}, found, {}, lambda result: True)
    reused = {row.index for row in decision.reused}
    told = ["reused" if row.index in reused else "run" for row in expansion.rows]
    return found[task], told, decision.other_code


def _finished(
    graph: Graph,
    expansion: Expansion,
    decided: list[str],
    found: Mapping[bytes, FoundResult],
    results: SharedResults,
) -> Finished:
    if expansion.task.state is not TaskState.EXPANDED or "run" in decided:
        return _NOTHING
    rows: list[FoundResult] = [found[row.identity] for row in expansion.rows]
    items: dict[int, bytes] = {}
    if rows and gives_items(graph, expansion.task.task):
        kept = results.items([(row.identity, row.output) for row in rows])
        items = {index: own for index, own in enumerate(kept) if own is not None}
    return Finished(TaskState.EXPANDED, [row.output for row in rows], items)


def _reason(
    request: SubmitRequest,
    node: Node,
    expansion: Expansion,
    decided: list[str],
    parameters: Mapping[str, Any],
    past: PastRuns,
) -> str | None:
    """Say in a few words why a task is not reused that has run before, or never is."""
    rows = [row for row, fate in zip(expansion.rows, decided, strict=True) if fate == "run"]
    if rows and not node.cache:
        return why_uncached(node)
    if not rows:
        return None
    if request.force or node.name in request.force_tasks:
        return "forced"
    earlier = past.results.earlier(node.key, rows[0].index, now_ms())
    return reason_of(
        request.graph, node, expansion.task.parts or "{}", rows, earlier, parameters, past, request.code
    )


def _told(
    node: Node, state: str, total: int | None, counts: Mapping[str, int], reason: str | None
) -> dict[str, Any]:
    return {
        "state": state,
        "total": total,
        "run": counts.get("run", 0),
        "reused": counts.get("reused", 0),
        "array": node.array,
        "resources": node.resources._asdict(),
        "reason": reason,
    }


def _commands(request: SubmitRequest, node: Node, instances: int, limits: Limits) -> Iterator[str]:
    """Yield what the executor would be given for a task, with stand-ins for what only a run has."""
    executor = request.backends.executor
    frame = _frame(request)
    pack = _asked(lambda: packed(node, executor, request.defaults), node.pack)
    parts = split(range(instances), limits, pack)
    for part in parts:
        before = ["JOB"] if node.resources.array_parallelism and part is not parts[0] else []
        asked = Asked("TOKEN", len(part), -(-len(part) // pack), pack, before)
        yield executor.render(task_request(frame, node, asked))


def _small_commands(request: SubmitRequest) -> Iterator[str]:
    """Yield what the small jobs would be: a watchdog behind each array, and the safety net."""
    executor = request.backends.executor
    dispatch: Mapping[str, Any] = executor.options.get("dispatch") or {}  # type: ignore[assignment]
    if not has_small_jobs(dispatch):
        return
    limits = [node.resources.time_s for node in request.graph.tasks.values()]
    longest_s = _asked(lambda: executor.longest_s(partition_of(dispatch, request.defaults)), None)
    for task, before, begin_s in ((f"{WATCHDOG}TOKEN", ["JOB"], 0), (NET, [], net_begins_s(limits, 0))):
        row = SubmissionRow("TOKEN", 1, task, 1, 0, 1, "intent", 0)
        yield executor.render(small_request(_frame(request), dispatch, row, before, begin_s, longest_s))


def _frame(request: SubmitRequest) -> Frame:
    root = f"{request.run_dir}/.reflow/RUN"
    python = request.python or sys.executable
    return Frame(request.graph.workflow, python, root, request.cwd, request.defaults)
