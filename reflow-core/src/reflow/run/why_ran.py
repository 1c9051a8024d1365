"""Why an instance had to run: what is different from the nearest earlier result of its task."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from reflow.graph.model import Graph, Input, Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import EarlierResult, InstanceRow
from reflow.plan.difference import NONE, Made, Part, Parts, differing, made_from, nearest, parts_of
from reflow.plan.identity import varying_names
from reflow.plan.makers import ambiguous_keys, is_foreign
from reflow.run.current import misfits
from reflow.run.opened import OpenRun
from reflow.run.other_code import changed_code
from reflow.run.own_files import told_own_files
from reflow.run.past import Past, PastRuns, given
from reflow.values.grammar import show_class
from reflow.values.paths import has_paths
from reflow.values.show import show
from reflow.values.tagged import Tagged

UNCACHED = "it runs always: cache=False"
WITHOUT_SOURCE = 'it runs always: code="auto" needs its source, which is not to be found'
_SAID = ("bound", "parameter")  #: kinds of inputs that a user has said
_DIGITS = 8  #: of a digest that stands for a value that is not kept


class ShownPart(NamedTuple):
    """One part of an identity, then and now, as text; None where there was none.

    Attributes:
        origin: The tasks that an input comes from, such as ``prepare[6]``; empty for a parameter.
        elements: Those upstream instances whose output is another one now, by task, where many make the value.
        definitions: What of the code is different, in which files: ``clip and LIMIT in tools.py``.
        names_files: Whether there is a Path in what was given by a parameter, so that a file may be what changed.
    """

    kind: str
    name: str
    then: str | None
    now: str | None
    changed: bool
    origin: str = ""
    elements: dict[str, list[int]] = {}  # noqa: RUF012  (never changed)
    definitions: str = ""
    names_files: bool = False


class Ran(NamedTuple):
    """Why an instance ran, or will.

    Attributes:
        cause: ``forced``, ``uncached``, ``stale``, ``foreign``, ``other``, ``misfit``, ``unusable``, ``retried``,
            ``changed``, ``first``, or ``unknown`` when the store is out of reach.
        earlier: The nearest earlier result.
        notes: What else is to be said of that, a sentence each.
    """

    cause: str
    reason: str
    earlier: EarlierResult | None = None
    parts: Sequence[ShownPart] = ()
    notes: Sequence[str] = ()


def why_uncached(node: Node) -> str:
    """Return why a task is never reused."""
    return WITHOUT_SOURCE if node.lacks_source else UNCACHED


def why_ran(run: OpenRun, past: Past, row: InstanceRow) -> Ran:
    """Return why an instance was not reused."""
    node = run.graph.tasks[row.task]
    if not node.cache:
        return Ran("uncached", why_uncached(node))
    if is_forced(run, row.task):
        return Ran("forced", f"it was forced: {force_option(run, row.task)}")
    earlier = past.like(row)
    if (same := same_work(node, row, earlier)) is not None:
        return not_taken(past, run.graph, node, row, same)
    if past.results.trouble is not None:
        return Ran("unknown", f"earlier results cannot be looked at: {past.results.trouble}")
    if why := past.without_result(row):
        return Ran("unusable", why)
    now = parts_of_instance(run, row)
    found = nearest(now, row.index, made_from(earlier))
    if found is None:
        return Ran("first", f"no earlier result of {node.key} is in the store")
    parts = _shown_parts(run, past, row, found, now)
    names = " and ".join(dict.fromkeys(part_name(part) for part in parts if part.changed))
    notes = _code_notes(past, node, found.result)
    notes += told_own_files(past, found.result.context.run_id, node, run.info["parameters"])
    return Ran("changed", f"{names} changed", found.result, parts, notes)


def _code_notes(past: Past, node: Node, earlier: EarlierResult) -> list[str]:
    """Say that the code has changed too, where that is no part of the identity and its user wants to hear of it."""
    if node.code not in ("", "warn"):
        return []
    changed = changed_code(past.results, node, earlier.context.code)
    return [f"its code has changed, too, which alone is no reason to run: {changed}"] if changed else []


def is_forced(run: OpenRun, task: str) -> bool:
    """Whether its user asked that a task runs in any case."""
    options = run.info["options"]
    return bool(options["force"]) or task in options["force_tasks"]


def parts_of_instance(run: OpenRun, row: InstanceRow) -> Parts:
    """Return the parts of an instance's identity."""
    shared = run.ledger.overview().tasks[row.task].parts or "{}"
    given_to_all = [part.name for part in parts_of(shared, (), b"") if part.kind == "input"]
    return parts_of(shared, varying_names(run.graph.tasks[row.task], given_to_all), row.parts)


def part_name(part: ShownPart | Part) -> str:
    """Return what people call a part of an identity, and what of it changed where it is code."""
    definitions = part.definitions if isinstance(part, ShownPart) else ""
    return {
        "version": "the version",
        "code": f"the code ({definitions})" if definitions else "the code",
        "classes": "the classes of what it returns",
        "after": "what it comes after",
    }.get(part.kind, part.name)


def force_option(run: OpenRun, task: str) -> str:
    """Return the option that forces a task."""
    return "--force" if run.info["options"]["force"] else f"--force-tasks {task}"


def same_work(node: Node, row: InstanceRow, earlier: Iterable[EarlierResult]) -> EarlierResult | None:
    """Return the newest result of the very same identity: of the task's own code, if there is one."""
    same = [one for one in earlier if one.identity == row.identity]
    own = [one for one in same if one.context.code.hex() == node.code_hash]
    return next(iter(own or same), None)


def not_taken(past: PastRuns, graph: Graph, node: Node, row: InstanceRow, same: EarlierResult) -> Ran:
    """Say why a result of the very same identity was not taken."""
    other = same.context
    if same.stale is not None:
        return Ran("stale", f"its earlier result is stale: {same.stale}", same)
    if is_foreign(node, other):
        return Ran(
            "foreign", f"its earlier result was made by another task of that name, in {other.file}", same
        )
    is_own = other.code.hex() == node.code_hash != ""
    if not is_own and node.key in ambiguous_keys(graph):
        return Ran(
            "other",
            f"its earlier result was made by other code, and several tasks here are {node.key}: "
            "whose it was, nobody knows",
            same,
        )
    key = (same.identity, same.output)
    if not is_own and (misfit := misfits(node, past.results, [key]).get(same.identity)):
        return Ran("misfit", f"its earlier result is not what it returns now: {misfit}", same)
    if row.fresh:
        return Ran("retried", "what it had made did not hold any more, and was made again", same)
    return Ran("unusable", "the files of its earlier result were not as it left them, or out of reach", same)


# The parts, with their values as far as they are kept


def _shown_parts(run: OpenRun, past: Past, row: InstanceRow, then: Made, now: Parts) -> list[ShownPart]:
    changed = differing(then.parts, now)
    values = _Values(run, past, row, then.result)
    listed = [part for part in {**now, **then.parts} if part.kind != "code" or part in changed]
    return [values.shown(part, then.parts, now, changed=part in changed) for part in listed]


class _Values:
    """The values that an instance and an earlier one were given, as text."""

    def __init__(self, run: OpenRun, past: Past, row: InstanceRow, earlier: EarlierResult) -> None:
        self._run = run
        self._past = past
        self._earlier = earlier.context
        self._row = row
        self._node = run.graph.tasks[row.task]
        self._inputs = {entry.name: entry for entry in self._node.inputs}
        self._earlier_run = past.opened(earlier.context.run_id)
        self._listed = past.parameters(earlier.context.run_id)
        self._then = past.given(earlier)
        self._now = given(run, row.task, row.index, row.attempt)

    def shown(self, part: Part, then: Parts, now: Parts, *, changed: bool) -> ShownPart:
        """Return a part with its values; a digest's first digits stand for one that is not kept."""
        told_now = self._text_now(part, now.get(part, NONE))
        told_then = self._text_then(part, then.get(part, NONE)) if changed else told_now
        sources = self._sources(part)
        return ShownPart(
            *(part.kind, part.name, told_then, told_now, changed),
            origin=self._origin(part, sources),
            elements=self._changed_elements(sources) if changed else {},
            definitions=self._changed_code() if changed and part.kind == "code" else "",
            names_files=has_paths(self._given_now(part)),
        )

    def _text_now(self, part: Part, value: str) -> str | None:
        entry = self._inputs.get(part.name) if part.kind == "input" else None
        if entry is not None and entry.kind in _SAID:
            return show(self._given_now(part))
        return self._now.get(part.name) if part.name in self._now and entry else _short(part, value)

    def _given_now(self, part: Part) -> Tagged:
        """Return the tagged value that a parameter has in this run, or that is bound; None for all else."""
        entry = self._inputs.get(part.name) if part.kind == "input" else None
        return None if entry is None else _said(self._run, entry)

    def _text_then(self, part: Part, value: str) -> str | None:
        if part.kind != "input" or value == NONE:
            return _short(part, value)
        entry = self._inputs.get(part.name)
        key = entry.parameter if entry is not None else part.name
        return (
            self._said_then(part.name)
            or self._then.get(part.name)
            or self._listed.get(key or "")
            or _short(part, value)
        )

    def _said_then(self, name: str) -> str:
        """Return what a user had said of an input, written as what is said now is; empty where that is not kept."""
        run = self._earlier_run
        node = run.graph.tasks.get(self._earlier.task) if run is not None else None
        if run is None or node is None:
            return ""
        said = (entry for entry in node.inputs if entry.name == name and entry.kind in _SAID)
        return next((show(_said(run, entry)) for entry in said), "")

    def _sources(self, part: Part) -> list[str]:
        """Return the upstream tasks that a part comes from."""
        if part.kind == "after":
            return [name for name in self._node.after if str(self._node.after.index(name)) == part.name]
        entry = self._inputs.get(part.name) if part.kind == "input" else None
        return [source.task for source in entry.sources] if entry is not None else []

    def _origin(self, part: Part, sources: Sequence[str]) -> str:
        entry = self._inputs.get(part.name) if part.kind == "input" else None
        if entry is None or entry.deliver != "each" or len(sources) != 1:
            return ", ".join(sources)
        return element_name(entry, self._row.index)

    def _changed_code(self) -> str:
        return changed_code(self._past.results, self._node, self._earlier.code)

    def _changed_elements(self, sources: Iterable[str]) -> dict[str, list[int]]:
        if self._earlier_run is None:
            return {}
        graph = self._run.graph
        arrays = [
            name for name in sources if graph.tasks[name].array and name in self._earlier_run.graph.tasks
        ]
        found = {name: _other_outputs(self._run, self._earlier_run, name) for name in arrays}
        return {name: indices for name, indices in found.items() if indices}


def _said(run: OpenRun, entry: Input) -> Tagged:
    """Return the tagged value that a parameter has in a run, or that is bound; None for all else."""
    if entry.kind not in _SAID:
        return None
    return entry.value if entry.kind == "bound" else run.info["parameters"].get(entry.parameter)


def element_name(entry: Input, index: int) -> str:
    """Return which element of what comes before an instance receives, as ``prepare[6]``."""
    (source,) = entry.sources
    if source.part == "flat":
        return f"item {index} of {source.task}"
    return source.task if source.part == "value" else f"{source.task}[{index}]"


def _other_outputs(run: OpenRun, earlier: OpenRun, task: str) -> list[int]:
    """Return the instances of a task whose output is not the one that they had in an earlier run."""
    then = {row.index: row.output for row in earlier.ledger.instances(task)}
    now = {row.index: row.output for row in run.ledger.instances(task)}
    return sorted(index for index in {*then, *now} if then.get(index) != now.get(index))


def _short(part: Part, value: str) -> str | None:
    if value == NONE:
        return None
    if part.kind == "classes":
        return ", ".join(map(show_class, json.loads(value)))
    return value if part.kind == "version" else value[:_DIGITS]
