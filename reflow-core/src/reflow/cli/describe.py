"""``describe``: the workflow as JSON, from which the command line and the planner can be rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call
from reflow.cli.options import add_run_options
from reflow.cli.parser import CommandParser
from reflow.cli.target import open_run_alone

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.graph.model import Graph


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``describe``."""
    parser = CommandParser(prog, "The workflow as JSON: tasks, parameters, types, what joins them.")
    parser.basics.add_argument("--json", action="store_true", help="JSON is what it prints in any case")
    if workflow is None:
        add_run_options(parser, selectors=False)
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """Print the manifest."""
    call.facts(_manifest(call))
    return 0


def _manifest(call: Call) -> dict[str, Any]:
    if call.workflow is not None:
        return call.workflow.describe()
    manifest: dict[str, Any] = open_run_alone(call).info["manifest"]
    return manifest


def graph_of(call: Call) -> Graph:
    """Return the graph of the script's workflow, or of the run that is meant."""
    if call.workflow is not None:
        return call.workflow.graph()
    return open_run_alone(call).graph
