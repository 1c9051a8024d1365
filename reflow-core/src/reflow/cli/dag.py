"""``dag``: the tasks and what joins them, as a drawing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reflow.cli.call import Call, absolute
from reflow.cli.options import add_run_options
from reflow.cli.parser import CommandParser
from reflow.errors import RunDirError, UsageError

if TYPE_CHECKING:
    from reflow.graph.definition import Definition
    from reflow.graph.model import Graph

FORMATS = ("text", "mermaid", "dot", "json")
_SUFFIXES = {
    ".mmd": "mermaid",
    ".md": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".json": "json",
    ".txt": "text",
}


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``dag``."""
    parser = CommandParser(
        prog, "Draw the tasks and what joins them.", "[RUN] [options]" if workflow is None else "[options]"
    )
    form = parser.basics.add_mutually_exclusive_group()
    form.add_argument("--format", choices=FORMATS, help="default: text, or what the suffix of -o says")
    parser.basics.add_argument("-o", "--output", metavar="FILE", help="write it to a file")
    form.add_argument("--json", action="store_true", help="the same as --format json")
    if workflow is None:
        add_run_options(parser, selectors=False)
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """Draw the graph."""
    text = _drawing(call, _format(call))
    if call.options.output is None:
        call.say(text.rstrip("\n"))
        return 0
    path = absolute(call.options.output)
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n")
    except OSError as error:
        raise RunDirError(f"{path} cannot be written: {error.strerror}") from error
    return 0


def _format(call: Call) -> str:
    if call.options.json:
        return "json"
    if call.options.format or call.options.output is None:
        return call.options.format or "text"
    suffix = os.path.splitext(call.options.output)[1].lower()
    if suffix not in _SUFFIXES:
        raise UsageError(
            f"-o {call.options.output}: no format has that suffix; say --format {'|'.join(FORMATS)}"
        )
    return _SUFFIXES[suffix]


def _drawing(call: Call, form: str) -> str:
    from reflow.cli.describe import graph_of

    graph = graph_of(call)
    if form == "json":
        return _as_json(graph)
    from reflow.graph.draw import draw

    return draw(graph, form, ascii=not call.screen().unicode)


def _as_json(graph: Graph) -> str:
    import json

    from reflow.graph.draw import edges_into

    edges = [
        {"from": source, "to": node.name, "how": how}
        for node in graph.tasks.values()
        for source, how in edges_into(node)
    ]
    return json.dumps({"workflow": graph.workflow, "tasks": list(graph.tasks), "edges": edges}, indent=2)
