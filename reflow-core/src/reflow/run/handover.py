"""From a decision to work: intents, payloads, the executor, its answer.

The order makes every kill harmless: payload files are there before the ledger knows of them, the ledger knows
the token before the executor does, and an intent without an answer is looked up by its token.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

from reflow.contracts.executor import Executor, JobRequest, ResidentExecutor
from reflow.errors import NotSubmitted, SubmissionUnknown
from reflow.filesystem.atomic import make_directory, remove_directory, replace_file, sync_directory, write_new
from reflow.graph.model import Input, Node
from reflow.model.digest import canonical
from reflow.model.records import InstanceRow, SubmissionRow
from reflow.model.resources import Resources
from reflow.model.states import InstanceState
from reflow.plan.inputs import constant_inputs, deliveries
from reflow.run.clock import now_ms
from reflow.run.hold import Hold
from reflow.run.ingest import tries_of
from reflow.run.opened import OpenRun
from reflow.run.upstream import element_texts
from reflow.rundir.boot import boot_argv
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.payload import Line, write_payload


class Intent(NamedTuple):
    """A submission whose payload is written, and its instances as rows that say so."""

    submission: SubmissionRow
    rows: Sequence[InstanceRow]


def prepare(hold: Hold, executor: Executor, task: str, rows: Sequence[InstanceRow], number: int) -> Intent:
    """Write the payload of a new submission and return what the ledger is to know of it.

    Raises:
        Purged: A reused input cannot be read.
    """
    node = hold.run.graph.tasks[task]
    token = os.urandom(10).hex()
    submission = _submission(executor, node, token, number, len(rows))
    handed = [
        row._replace(
            state=InstanceState.SUBMITTED,
            attempt=row.attempt + 1,
            submission=token,
            position=position,
            reason=None,
        )
        for position, row in enumerate(sorted(rows, key=lambda row: row.index))
    ]
    _write_files(hold, node, submission, handed)
    return Intent(submission, handed)


def _submission(executor: Executor, node: Node, token: str, number: int, instances: int) -> SubmissionRow:
    if isinstance(executor, ResidentExecutor):
        pack, count = 0, min(executor.slots, instances)
    else:
        pack = max(1, node.pack)
        count = -(-instances // pack)
    return SubmissionRow(token, number, node.name, count, instances, pack, "intent", now_ms())


def _write_files(hold: Hold, node: Node, submission: SubmissionRow, rows: Sequence[InstanceRow]) -> None:
    paths = hold.run.paths.submission(submission.token)
    for folder in (paths.directory, paths.claims, paths.outcomes, paths.done):
        make_directory(folder)
    make_directory(hold.run.paths.logs)
    indices = [row.index for row in rows]
    each = [(entry.name, _picked(hold, node, entry, indices)) for entry in deliveries(node).each]
    lines = _lines(rows, each, node.retries)
    asked = {"token": submission.token, "task": node.name, "count": submission.count, "pack": submission.pack}
    write_new(paths.request, [json.dumps(asked).encode()])  # its name is synced with those of the payload
    write_payload(paths, node.name, _shared_values(hold, node), lines, pack=submission.pack)
    sync_directory(hold.run.paths.jobs)


def _lines(
    rows: Sequence[InstanceRow], each: Sequence[tuple[str, Iterator[str]]], retries: int
) -> Iterator[Line]:
    for row in rows:
        values = {name: next(texts) for name, texts in each}
        yield Line(row.index, row.attempt, values, max(0, retries - tries_of(row)))


def _picked(hold: Hold, node: Node, entry: Input, indices: Sequence[int]) -> Iterator[str]:
    """Stream the elements of the instances that are handed over, of one input."""
    if entry.mode == "chain":
        return (text for _, text in element_texts(hold.ledger, hold.results, entry.sources[0], indices))
    elements = (
        text for source in entry.sources for _, text in element_texts(hold.ledger, hold.results, source)
    )
    wanted = set(indices)
    return compress(elements, (index in wanted for index in range(max(indices) + 1)))


def _shared_values(hold: Hold, node: Node) -> dict[str, str]:
    """Return the JSON texts of the inputs that all instances have in common."""
    parameters = hold.run.info["parameters"]
    found = {
        entry.name: canonical(entry.value if entry.kind == "bound" else parameters.get(entry.parameter))
        for entry in constant_inputs(node)
    }
    for entry in deliveries(node).shared:
        texts = (t for source in entry.sources for _, t in element_texts(hold.ledger, hold.results, source))
        found[entry.name] = next(texts) if entry.deliver == "value" else f"[{','.join(texts)}]"
    return found


def serve_argv(run: OpenRun) -> list[str]:
    """Return the command of a run's resident workers."""
    return boot_argv(run.info["python"], run.paths.root, "serve")


def request_for(hold: Hold, submission: SubmissionRow, begin_s: int = 0) -> JobRequest:
    """Return what the executor is asked for, from what the ledger says: the same each time."""
    run = hold.run
    node = run.graph.tasks[submission.task]
    return JobRequest(
        name=f"{run.workflow}.{node.name}.{submission.token[:10]}",
        argv=[*boot_argv(run.info["python"], run.paths.root, "element"), submission.token],
        serve_argv=serve_argv(run),
        count=submission.count,
        instances=submission.instances,
        resources=_resources(node, submission, run.info["defaults"]),
        log_dir=run.paths.logs,
        token=submission.token,
        directory=run.paths.submission(submission.token).directory,
        cwd=run.info["cwd"],
        begin_s=begin_s,
    )


def _resources(node: Node, submission: SubmissionRow, defaults: Mapping[str, Any]) -> Resources:
    """Return what each element asks for: what one instance needs, for as long as all its instances take in turn.

    What the code of a task leaves open is as configured when the run was submitted.
    """
    asked = node.resources
    filled = asked._replace(**{k: v for k, v in defaults.items() if getattr(asked, k) is None})
    if asked.time_s is None or submission.pack <= 1:
        return filled
    return filled._replace(time_s=asked.time_s * min(submission.pack, submission.instances))


def submit(hold: Hold, executor: Executor, submission: SubmissionRow) -> SubmissionRow:
    """Hand a submission over and return its row with the answer; it stays an intent when that is unknown."""
    try:
        native_id = executor.submit(request_for(hold, submission))
    except SubmissionUnknown as error:
        hold.messages.append(f"{submission.task}: {error}")
        return submission
    except NotSubmitted as error:
        hold.messages.append(f"{submission.task}: {error}")
        return submission if error.transient else submission._replace(state="refused", ended=now_ms())
    receipt = {"token": submission.token, "native_id": native_id}
    replace_file(
        hold.run.paths.submission(submission.token).receipt, json.dumps(receipt).encode(), sync=False
    )
    return submission._replace(state="open", native_id=native_id)


def remove_folders(paths: SubmissionPaths) -> None:
    """Remove the folders that a submission needed while it was open; repeatable."""
    for folder in (paths.claims, paths.outcomes, paths.done):
        remove_directory(folder)
