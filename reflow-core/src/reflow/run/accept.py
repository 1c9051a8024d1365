"""Taking results of earlier code for good, after a change that changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice

from reflow.contracts.store import Results
from reflow.errors import ReflowError, UsageError
from reflow.graph.manifest import from_manifest
from reflow.graph.model import Graph, Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import Acceptance, Context, Maker, NewResult
from reflow.plan.makers import ambiguous_keys, is_foreign
from reflow.plan.renew import Renewal
from reflow.run.clock import now_ms
from reflow.rundir.layout import run_paths
from reflow.rundir.runfile import read_run

RUNS = 100  #: of a workflow, the newest, that are asked for the code that they had
BATCH = 1_000  #: results that are given a new identity per transaction


class Acceptable(NamedTuple):
    """What there is to accept of one task.

    Attributes:
        makers: Earlier codes whose results nobody accepted yet, and that can be.
        left: How many results of still earlier code stay aside.
    """

    node: Node
    makers: tuple[Maker, ...]
    left: int = 0

    @property
    def results(self) -> int:
        """How many results they made."""
        return sum(maker.results for maker in self.makers)

    @property
    def codes(self) -> list[bytes]:
        """The hashes of the earlier codes, each once."""
        return list(dict.fromkeys(maker.code for maker in self.makers))


def acceptable(results: Results, graph: Graph, tasks: Sequence[str]) -> list[Acceptable]:
    """Return for each of these tasks what the store has of it that other code made.

    Where code is a part of identity, that is the code of the last run that had another one: what was tried before
    that, it had set aside. Once this was accepted there is nothing more to accept.

    Raises:
        UsageError: The code of a task is not known, or there are tasks of its key with other code.
        StoreError: The results are out of reach.
    """
    before = _codes_before(results, graph, tasks)
    found = []
    for name in tasks:
        node = graph.tasks[name]
        if not node.code_hash:
            raise UsageError(f"the source of {name} is not to be found, so its results cannot be accepted")
        if node.code != "auto" and node.key in ambiguous_keys(graph):
            raise UsageError(
                f"{name}: several tasks here are {node.key}, each with other code: whose an earlier result is, "
                "nobody knows\nsubmit makes it anew; give each of these flows a name of its own"
            )
        accepted = {one.old for one in results.acceptances(node.key) if one.new.hex() == node.code_hash}
        makers = [m for m in results.makers(node.key) if _is_other(node, m) and m.code not in accepted]
        if node.code != "auto":
            found.append(Acceptable(node, tuple(makers)))
        else:
            found.append(_of_last_run(node, [] if accepted else makers, before.get(name), makers))
    return found


def _of_last_run(
    node: Node, open_: Sequence[Maker], code: bytes | None, makers: Sequence[Maker]
) -> Acceptable:
    """Return what one code made; where no run tells which, that of the newest."""
    wanted = code or (open_[-1].code if open_ else None)
    chosen = tuple(maker for maker in open_ if maker.code == wanted)
    return Acceptable(node, chosen, sum(maker.results for maker in makers if maker not in chosen))


def _codes_before(results: Results, graph: Graph, tasks: Sequence[str]) -> dict[str, bytes]:
    """Return by task the code of the last run that had another than the present one, where a run tells."""
    found: dict[str, bytes] = {}
    wanted = {name for name in tasks if graph.tasks[name].code == "auto"}
    for entry in results.runs(graph.workflow)[:RUNS] if wanted else ():
        try:
            then = from_manifest(read_run(run_paths(entry.run_dir, entry.run_id))["manifest"]).tasks
        except (ReflowError, OSError, LookupError, TypeError):  # it is gone, or cannot be read
            continue
        for name in wanted & then.keys() - found.keys():
            if then[name].code_hash not in ("", graph.tasks[name].code_hash):
                found[name] = bytes.fromhex(then[name].code_hash)
        if wanted == found.keys():
            break
    return found


def _is_other(node: Node, maker: Maker) -> bool:
    """Whether it is earlier code of this task, rather than the same code or that of another flow of the same name."""
    return bool(maker.code) and maker.code.hex() != node.code_hash and not is_foreign(node, maker)


def accept(results: Results, found: Sequence[Acceptable], reason: str) -> None:
    """Take what was found for as good as what the present code would make, in the name of this user.

    Where code is part of identity, the results are found under the new one afterwards.

    Raises:
        StoreError: The results cannot be written. Doing it again then goes on.
    """
    who, now = _user(), now_ms()
    for one in found:
        if one.node.code == "auto":
            _renew(results, one)
        new = bytes.fromhex(one.node.code_hash)
        results.accept([Acceptance(one.node.key, old, new, who, reason, now) for old in one.codes])


def _renew(results: Results, found: Acceptable) -> None:
    renewed = _renewed(results, found)
    while batch := list(islice(renewed, BATCH)):
        there = results.find({result.identity for _, result in batch})
        by_context: dict[Context, list[NewResult]] = {}
        for context, result in batch:
            known = there.get(result.identity)
            if known is None or known.created < result.created:  # else it would come before what is newer
                by_context.setdefault(context, []).append(result)
        results.append_all(by_context.items())


def _renewed(results: Results, found: Acceptable) -> Iterator[tuple[Context, NewResult]]:
    files = {(maker.code, maker.source, maker.file) for maker in found.makers}
    renewals: dict[Context, Renewal] = {}
    for context, result in results.made_by(found.node.key, found.codes):
        if (context.code, context.source, context.file) in files:
            if context not in renewals:
                renewals[context] = Renewal(found.node, context)
            yield renewals[context].context, renewals[context].result(result)


def _user() -> str:
    from pwd import getpwuid

    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
