"""``check``: everything that does not fit, and nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.parser import CommandParser
from reflow.errors import WiringError
from reflow.view.words import plural

if TYPE_CHECKING:
    from reflow.graph.code import Code
    from reflow.graph.definition import Definition
    from reflow.graph.model import Graph


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``check``."""
    parser = CommandParser(prog, "Look for everything that does not fit between tasks; nothing is run.")
    parser.basics.add_argument("--json", action="store_true", help="print facts as JSON")
    parser.basics.add_argument("-q", "--quiet", action="store_true", help="print nothing when all fits")
    parser.basics.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="say too what of the code cannot be followed, and where it looks for files",
    )
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """Say that all fits, or what does not."""
    assert call.workflow is not None
    try:
        graph = call.workflow.graph()
    except WiringError as error:
        if not call.options.json:
            raise
        tasks = list(call.workflow.tasks)
        call.facts({"workflow": call.workflow.name, "tasks": tasks, "problems": list(error.problems)})
        return error.exit_code
    if call.options.json:
        call.facts({"workflow": graph.workflow, "tasks": list(graph.tasks), "problems": []})
    elif not call.options.quiet:
        count, parameters = plural(len(graph.tasks), "task"), plural(len(graph.parameters), "parameter")
        call.say(f"{graph.workflow}: {count}, {parameters}, all fits")
        if call.options.verbose:
            codes = call.workflow.codes()
            _tell_unresolved(call, codes)
            _tell_finders(call, codes, graph)
    return 0


def _tell_unresolved(call: Call, codes: Mapping[str, Code]) -> None:
    """Say where a change of code would not be noticed, each place once."""
    places: dict[str, list[str]] = {}
    for task, code in codes.items():
        for place in code.unresolved if code.hash else ("its source is not to be found",):
            places.setdefault(place, []).append(task)
    for place, tasks in places.items():
        call.say(f"  {place}: changes behind that are not noticed ({', '.join(tasks)})")


def _tell_finders(call: Call, codes: Mapping[str, Code], graph: Graph) -> None:
    """Say which tasks look for files by themselves and are reused all the same, each place once."""
    from reflow.graph.finders import HINT, unwatched

    for place, tasks in unwatched(graph, codes).items():
        call.say(f"  {place}: {HINT} ({', '.join(tasks)})")
