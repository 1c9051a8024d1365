"""One look at a run: what is ready, what is reused, what is to be handed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reflow.graph.model import Graph, Node
from reflow.model.records import InstanceRow
from reflow.model.states import InstanceState
from reflow.plan.decide import Decision, Outputs, Rows, decide
from reflow.plan.expand import Expansion, expand
from reflow.plan.inputs import constant_inputs, takes_items
from reflow.plan.makers import work_code
from reflow.run.current import Current, current_results
from reflow.run.draft import Draft, Planned
from reflow.run.freshness import Key, changed_results, rejected_results
from reflow.run.hold import Hold
from reflow.run.upstream import load_finished
from reflow.values.digests import value_digest

MOST_AT_ONCE = 20_000  #: rows that wait in memory to be written

_PENDING, _SUBMITTED = InstanceState.PENDING, InstanceState.SUBMITTED


class Planner:
    """Plans one run from its manifest and its ledger; it remembers the digests of parameters.

    Attributes:
        upstream: What is upstream of each task, in the order of the graph.
        unreadable: Tasks whose results are found and cannot be read: they are looked up no more.
    """

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._graph: Graph = hold.run.graph
        self._options: Mapping[str, Any] = hold.run.info["options"]
        self.upstream = {name: self._graph.upstream(name) for name in self._graph.tasks}
        self._inner = {name for before in self.upstream.values() for name in before}
        self._digests: dict[str, bytes] = {}
        self._of_key: dict[str, list[str]] = {}
        for name, node in self._graph.tasks.items():
            self._of_key.setdefault(node.key, []).append(name)
        self.unreadable: set[str] = set()

    def settle(self, draft: Draft) -> Planned | None:
        """Take into a draft what the run decides by itself; return a plan of what is to be handed over then.

        Returns:
            None where the draft has become so large that it is to be written first.

        Raises:
            Purged: As `look` does; what the draft has taken in stands.
        """
        while (planned := self.look(draft)).is_decided:
            draft.take(planned)
            if len(draft) > MOST_AT_ONCE:
                return None
        return planned

    def look(self, draft: Draft) -> Planned:
        """Expand what is ready and decide on all that is pending.

        Raises:
            Purged: What a reused upstream task returned is out of reach.
        """
        expansions = self._expand(draft)
        pending = {name: draft.instances(name, {_PENDING}) for name in draft.frontier.pending()}
        kept: list[InstanceRow] = []
        for expansion in expansions:
            for row in expansion.rows:
                into = pending.setdefault(row.task, []) if row.state is _PENDING else kept
                into.append(row)
        if not pending:
            decision = Decision([], {}, [], set(), {})
        else:
            decision = self._decide(pending, draft)
        fresh = {expansion.task.task for expansion in expansions}
        waiting = [row for row in decision.waiting if row.task in fresh]
        dropped = [name for name in fresh if draft.counts.get(name)]
        tasks = [expansion.task for expansion in expansions]
        for name in decision.foreign:
            self._hold.messages.append(_foreign(self._graph.tasks[name]))
        if decision.other_code:
            from reflow.run.other_code import tell_other_code

            self._hold.messages += tell_other_code(
                self._graph, decision.other_code, self._hold.results, self._hold.run.typed("accept")
            )
        return Planned(tasks, [*kept, *decision.reused, *waiting], decision.run, dropped)

    def _expand(self, draft: Draft) -> list[Expansion]:
        expansions = []
        for name in draft.frontier.ready():
            node = self._graph.tasks[name]
            items = {s.task for e in node.inputs for s in e.sources if takes_items(s)}
            finished = {
                up: load_finished(draft, self._hold.results, draft.tasks[up], with_items=up in items)
                for up in self.upstream[name]
            }
            expansion = expand(node, finished, self._shared(node))
            expansions.append(self._merged(expansion, draft))
        return expansions

    def _merged(self, expansion: Expansion, draft: Draft) -> Expansion:
        """Keep what a reopened task has already done under the same identities."""
        name = expansion.task.task
        forced = self._is_forced(name)
        if not draft.counts.get(name):
            rows = [row._replace(fresh=True) for row in expansion.rows] if forced else expansion.rows
            return expansion._replace(rows=rows)
        before = {row.index: row for row in draft.instances(name)}
        return expansion._replace(rows=[_continued(row, before.get(row.index)) for row in expansion.rows])

    def _is_forced(self, task: str) -> bool:
        return bool(self._options["force"]) or task in self._options["force_tasks"]

    def _shared(self, node: Node) -> dict[str, bytes]:
        return shared_digests(node, self._hold.run.info["parameters"], self._digests)

    def _decide(self, pending: Rows, draft: Draft) -> Decision:
        done = self._done(pending, draft)
        found = current_results(self._graph, self._hold.results, self._asked(pending, done))
        stale = self._stale(found)
        return decide(
            self._graph,
            pending,
            found,
            self._underway(pending, draft),
            lambda result: not stale or (result.identity, result.output) not in stale,
            done,
        )

    def _asked(self, pending: Rows, done: Mapping[str, Outputs]) -> dict[str, set[bytes]]:
        """Return by task the identities of which a result could be taken."""
        unreadable = {self._graph.tasks[name].key for name in self.unreadable}
        asked = {}
        for task, rows in pending.items():
            node = self._graph.tasks[task]
            made = done.get(work_code(node), {})
            is_taken = node.cache and node.key not in unreadable
            asked[task] = {
                row.identity for row in rows if is_taken and (not row.fresh or row.identity in made)
            }
        return asked

    def _stale(self, found: Current) -> set[Key]:
        """Return results that were found and are not to be reused."""
        if not self._options["verify"]:
            return changed_results(self._hold.results, found)
        return rejected_results(self._hold, found, self._inner)

    def _done(self, pending: Rows, draft: Draft) -> dict[str, dict[bytes, set[bytes]]]:
        """Return by code what this run has made by now of the identities of pending instances."""
        found: dict[str, dict[bytes, set[bytes]]] = {}
        sharing = self._sharing(pending, draft, InstanceState.SUCCEEDED)
        wanted = {row.identity for rows in pending.values() for row in rows} if sharing else set()
        for name in sharing:
            made = found.setdefault(work_code(self._graph.tasks[name]), {})
            for row in draft.instances(name, {InstanceState.SUCCEEDED}):
                if row.identity in wanted and row.output is not None:
                    made.setdefault(row.identity, set()).add(row.output)
        return found

    def _underway(self, pending: Rows, draft: Draft) -> dict[str, set[bytes]]:
        """Return by code identities being worked on, of the tasks that could share one with a pending instance."""
        found: dict[str, set[bytes]] = {}
        for name in self._sharing(pending, draft, _SUBMITTED):
            busy = {row.identity for row in draft.instances(name, {_SUBMITTED})}
            found.setdefault(work_code(self._graph.tasks[name]), set()).update(busy)
        return found

    def _sharing(self, pending: Rows, draft: Draft, state: InstanceState) -> list[str]:
        """Return the tasks with instances in a state that could share an identity with a pending one."""
        keys = dict.fromkeys(self._graph.tasks[task].key for task in pending)
        return [
            name
            for key in keys
            for name in self._of_key[key]
            if self._graph.tasks[name].cache and draft.counts.get(name, {}).get(state)
        ]


def _continued(row: InstanceRow, before: InstanceRow | None) -> InstanceRow:
    """Keep what an instance came to, unless a retry opened it or its inputs are others now; a cancel holds for any."""
    if before is None:
        return row
    if before.identity == row.identity and before.state is not _PENDING:
        return before
    if before.state is InstanceState.CANCELLED and row.state is _PENDING:
        return before._replace(identity=row.identity, parts=row.parts)
    last = row._replace(attempt=before.attempt, submission=before.submission, position=before.position)
    return last._replace(fresh=before.fresh)


def shared_digests(node: Node, parameters: Mapping[str, Any], known: dict[str, bytes]) -> dict[str, bytes]:
    """Return the digests of a task's parameters and bound values; ``known`` remembers those of parameters."""
    found = {}
    for entry in constant_inputs(node):
        key = entry.parameter
        if key is None:
            found[entry.name] = value_digest(entry.value)
            continue
        if key not in known:
            known[key] = value_digest(parameters.get(key))
        found[entry.name] = known[key]
    return found


def _foreign(node: Node) -> str:
    """Say that results of a task of the same name were not taken: of another file, or of another cell of a notebook."""
    if node.file.startswith("<"):
        return f"{node.name}: results that another cell or session made by other code were not reused"
    return (
        f"{node.name}: results of a task of the same name in another file were not reused; "
        "give one of the workflows another name"
    )
