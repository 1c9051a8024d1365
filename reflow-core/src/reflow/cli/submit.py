"""``submit``: a new run of a workflow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call
from reflow.cli.options import add_output_options, add_store_options
from reflow.cli.parameters import add_parameter_options, parameter_groups, required_flags, typed_values
from reflow.cli.parser import CommandParser

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.graph.model import Given, Graph
    from reflow.run.opened import OpenRun
    from reflow.run.submit import SubmitRequest


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``submit`` for a workflow."""
    assert workflow is not None
    return parser_of(workflow.graph(), prog)


def parser_from_manifest(manifest: dict[str, Any], prog: str) -> CommandParser:
    """Return the same parser from the manifest alone, in a process that never saw the flow."""
    from reflow.graph.manifest import from_manifest

    return parser_of(from_manifest(manifest), prog)


def parser_of(graph: Graph, prog: str) -> CommandParser:
    """Return the parser of ``submit`` for a graph."""
    usage = " ".join(part for part in (required_flags(graph), "[options]") if part)
    parser = CommandParser(prog, f"Start a run of {graph.workflow}.", usage)
    groups = parameter_groups(parser, graph)  # first, so that help shows them first
    _add_own_options(parser)
    add_store_options(parser)
    add_output_options(parser)
    parser.add_basics()
    add_parameter_options(parser, graph, groups)
    return parser


def _add_own_options(parser: CommandParser) -> None:
    basics = parser.basics
    basics.add_argument("--executor", metavar="NAME", help="what runs the tasks: local, slurm, inline, ...")
    basics.add_argument("--workers", type=int, metavar="N", help="how many local workers run at once")
    basics.add_argument("--force", action="store_true", help="run everything, reuse nothing")
    basics.add_argument(
        "--force-tasks", nargs="+", default=[], metavar="TASK", help="run these tasks in any case"
    )
    basics.add_argument("--verify", action="store_true", help="check that what is reused still holds")
    basics.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    basics.add_argument("--detach", action="store_true", help="go on without this terminal")
    basics.add_argument("--wait", action="store_true", help="wait until the run is over")
    basics.add_argument(
        "-v", "--verbose", action="store_true", help="with --dry-run: show scripts and commands"
    )


def run(call: Call) -> int:
    """Start a run, or show what that would do."""
    assert call.workflow is not None
    graph = call.workflow.graph()
    typed = typed_values(graph, call.options, f"{call.prog} submit")
    request, dry_run = _request(call, _settled(call.workflow, graph, typed))
    if dry_run:
        return _show_plan(call, request)
    from reflow.cli.follow import interruptible, set_off, stay
    from reflow.run.submit import create

    with interruptible(call) as interrupts:
        run = create(request, interrupts.aim)
        _announce(call, run, request)
        set_off(call, run)
    code = stay(call, run)
    _say_why(call, run)
    _say_finders(call, run, graph)
    return code


def _request(call: Call, given: Given) -> tuple[SubmitRequest, bool]:
    from reflow.compose.submission import submit_request
    from reflow.config.settings import executor_choice

    assert call.workflow is not None
    options = call.options
    dry_run = options.dry_run or executor_choice(call.settings)[1]
    request = submit_request(
        call.workflow,
        call.settings,
        given,
        run_dir=options.run_dir,
        force=options.force,
        force_tasks=tuple(options.force_tasks),
        verify=options.verify,
        dry_run=dry_run,
    )
    return request, dry_run


def _settled(workflow: Definition, graph: Graph, given: Given) -> Given:
    """Have the classes of records look at what was typed; all else is as Python would have it already."""
    return given._replace(
        parameters={
            key: workflow.settle(key, tagged) if "'record'" in repr(graph.parameters[key].type) else tagged
            for key, tagged in given.parameters.items()
        }
    )


def _show_plan(call: Call, request: SubmitRequest) -> int:
    from reflow.run.preview import preview

    plan = {**preview(request), "executor": request.backends.executor.name, "run_dir": request.run_dir}
    if call.options.json:
        call.facts(plan)
    elif not call.options.quiet:
        from reflow.view.plan import plan_text

        call.say(plan_text(plan, call.screen(), verbose=call.options.verbose))
    return 0


def _announce(call: Call, run: OpenRun, request: SubmitRequest) -> None:
    if call.options.quiet:
        call.say(run.id)
    why = f" ({request.backends.why})" if request.backends.why else ""
    call.hint(f"{run.workflow}  run {run.id}")
    call.hint(f"executor {request.backends.executor.name}{why}   run directory {request.run_dir}")
    asked = [name for name in ("mem_mib", "time_s") if _any_asks(request.graph, name)]
    if asked and request.backends.executor.resident:
        names = " and ".join(name.partition("_")[0] for name in asked)
        call.hint(f"{names} of tasks: not enforced on this machine")


def _say_why(call: Call, run: OpenRun) -> None:
    """Say of each task that ran or runs though it has run before, why it is not reused."""
    if call.options.quiet or call.options.json or not _runs_something(run):
        return
    from reflow.run.why_tasks import task_reasons
    from reflow.view.plan import reason_lines

    for line in reason_lines(task_reasons(run), call.screen(sys.stderr)):
        call.hint(line)


def _say_finders(call: Call, run: OpenRun, graph: Graph) -> None:
    """Say where tasks look for files that were reused in this run without anybody looking."""
    assert call.workflow is not None
    if call.options.quiet or call.options.json:
        return
    codes = call.workflow.codes()
    if not any(code.finds for code in codes.values()):
        return
    from reflow.graph.finders import HINT, unwatched
    from reflow.model.states import InstanceState

    counts = run.ledger.overview().counts
    for place, tasks in unwatched(graph, codes).items():
        if reused := [task for task in tasks if counts.get(task, {}).get(InstanceState.REUSED)]:
            call.hint(f"{', '.join(reused)} reused: {place}: {HINT}")


def _runs_something(run: OpenRun) -> bool:
    from reflow.model.states import InstanceState

    counts = run.ledger.overview().counts
    return any(
        count
        for states in counts.values()
        for state, count in states.items()
        if state is not InstanceState.REUSED
    )


def _any_asks(graph: Graph, name: str) -> bool:
    return any(getattr(node.resources, name) is not None for node in graph.tasks.values())
