"""``accept``: take results for good that other code made."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.options import add_output_options, add_store_options
from reflow.cli.parser import CommandParser
from reflow.errors import UnknownTask, UsageError
from reflow.model.named_tuple import NamedTuple
from reflow.view.words import plural

if TYPE_CHECKING:
    from reflow.contracts.store import Results, Store
    from reflow.graph.definition import Definition
    from reflow.graph.model import Graph
    from reflow.run.accept import Acceptable

DECLINED = 1


class _Meant(NamedTuple):
    """What was typed: tasks, the code that is to count, and where the results are."""

    graph: Graph
    store: Store
    tasks: tuple[str, ...]
    parts: dict[bytes, str]


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``accept``."""
    run = "" if workflow else "RUN "
    parser = CommandParser(
        prog,
        "Take the results that earlier code of a task made for as good as those that its present code would make.",
        f"{run}TASK ... [options]",
    )
    parser.add_argument("words", nargs="*", metavar=f"{run}TASK", help=_WORDS if workflow else _RUN_WORDS)
    basics = parser.basics
    basics.add_argument("--reason", default="", metavar="TEXT", help="why that is right, for the record")
    basics.add_argument("--yes", action="store_true", help="do not ask")
    add_store_options(parser)
    add_output_options(parser)
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """Say what would be accepted, ask, and accept it."""
    from reflow.run.accept import accept, acceptable

    meant = _meant(call)
    with contextlib.closing(meant.store.open_results(write=True)) as results:
        results.record_code(meant.parts)
        found = acceptable(results, meant.graph, meant.tasks)
        lines = [_line(results, one) for one in found]
        for line in lines:
            call.hint(line)
        open_ = [one for one in found if one.makers]
        if open_ and not (call.options.yes or _agreed(call)):
            call.hint("nothing was accepted")
            return DECLINED
        accept(results, open_, call.options.reason)
    if call.options.json:
        call.facts({"tasks": {one.node.name: one.results for one in found}, "reason": call.options.reason})
    return 0


def _meant(call: Call) -> _Meant:
    words = tuple(call.options.words)
    if call.workflow is None:
        return _meant_of_run(call, words)
    from reflow.compose.backends import make_store
    from reflow.compose.submission import code_parts, submit_graph

    codes = call.workflow.codes()
    graph = submit_graph(call.workflow.graph(), codes, call.settings)
    _check_tasks(call, graph, words)
    return _Meant(graph, make_store(call.settings)[0], words, code_parts(codes))


def _meant_of_run(call: Call, words: Sequence[str]) -> _Meant:
    from reflow.cli.target import open_target, read_any_target

    target = read_any_target(words, None, call.prog)
    run = open_target(call, target)
    _check_tasks(call, run.graph, target.selectors)
    return _Meant(run.graph, run.store, target.selectors, {})


def _check_tasks(call: Call, graph: Graph, tasks: Sequence[str]) -> None:
    from reflow.run.select import unknown_task

    if not tasks:
        raise UsageError(
            f"which task? its code is to count as unchanged; there are: {', '.join(graph.tasks)}"
        )
    for name in tasks:
        if name not in graph.tasks:
            raise UnknownTask(unknown_task(name, graph))


def _line(results: Results, found: Acceptable) -> str:
    from reflow.run.other_code import told_change

    name = found.node.name
    if not found.makers and found.left:
        older = plural(found.left, "result")
        return f"{name}: only older code than that of the last run made others ({older}); there is nothing to accept"
    if not found.makers:
        return f"{name}: no result was made by other code; there is nothing to accept"
    new = bytes.fromhex(found.node.code_hash)
    changed = told_change(results.code_parts([*found.codes, new]), found.codes, found.node)
    line = f"{name}: {plural(found.results, 'result')} of other code will count as made by the present one: {changed}"
    return f"{line}; {plural(found.left, 'result')} of still older code will not" if found.left else line


def _agreed(call: Call) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked, since standard input is no terminal; nothing was accepted\n"
            "if it is right, add: --yes"
        )
    sys.stderr.write("accept? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


_WORDS = "tasks whose earlier results are to count as made by their present code"
_RUN_WORDS = "a run, whose code is to count, and tasks"
