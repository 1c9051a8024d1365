"""From a decision to work: intents, payloads, the executor, its answer.

The order makes every kill harmless: payload files are there before the ledger knows of them, the ledger knows
the token before the executor does, and an intent without an answer is looked up by its token.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress

from reflow.contracts.executor import Executor, JobRequest, ResidentExecutor
from reflow.contracts.store import Ledger
from reflow.errors import NotSubmitted, SubmissionUnknown
from reflow.filesystem.files import (
    make_directory,
    read_bytes,
    remove_directory,
    replace_file,
    sync_directory,
    write_new,
)
from reflow.graph.model import Input, Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import InstanceRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.plan.inputs import constant_inputs, deliveries
from reflow.run.capacity import Array
from reflow.run.clock import now_ms
from reflow.run.hold import Hold
from reflow.run.job_request import Asked, Frame, task_request
from reflow.run.opened import OpenRun
from reflow.run.tries import Wave, tries_of
from reflow.run.upstream import delivered_texts, no_fit
from reflow.rundir.control import Scope, last_before_opened
from reflow.rundir.layout import RunPaths, SubmissionPaths
from reflow.rundir.payload import Line, write_payload
from reflow.values.digests import canonical

TRIED_AGAIN = "it is tried again"  #: ends what is told of a submission that may be taken later, until it was
LOOKED_UP = "it is looked up by its token"  #: ends what is told of one without an answer, until there is one

#: single elements that a request waits for; of more it waits for their arrays: an argument may have 128 KiB at most
MOST_AHEAD = 1000

#: what must end first: elements of a submission, by its token, or all of it
Behind = dict[str, list[int] | None]


class Answered(NamedTuple):
    """A submission as it stands once it was handed over, and why it was not taken, if it was not."""

    row: SubmissionRow
    refusal: NotSubmitted | None = None


class Intent(NamedTuple):
    """A submission whose payload is written, and its instances as rows that say so."""

    submission: SubmissionRow
    rows: Sequence[InstanceRow]


def prepare(hold: Hold, executor: Executor, task: str, array: Array, number: int, behind: Behind) -> Intent:
    """Write the payload of a new submission and return what the ledger is to know of it.

    Args:
        behind: What must end first; see `still_ending`.

    Raises:
        Purged: A reused input cannot be read, or an input is not there yet.
    """
    node = hold.run.graph.tasks[task]
    token = os.urandom(10).hex()
    rows = array.wave.rows
    if isinstance(executor, ResidentExecutor):
        pack, count = 0, min(executor.slots, len(rows))
    else:
        pack, count = array.pack, -(-len(rows) // array.pack)
    submission = SubmissionRow(token, number, task, count, len(rows), pack, "intent", now_ms())
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
    _write_files(hold, node, submission, array.wave._replace(rows=handed), behind)
    return Intent(submission, handed)


def still_ending(hold: Hold, executor: Executor, task: str, rows: Sequence[InstanceRow]) -> Behind:
    """Return what is still at work of a task and was cancelled: it may take long to end.

    What is opened again would else be at work beside what was cancelled and cleans up after itself. Of resident
    workers it is the positions of single instances.

    Args:
        rows: The instances that are to be handed over; those that were never tried have nothing to wait for.
    """
    if not any(row.attempt for row in rows):
        return {}
    ours = {row.token: row for row in hold.overview().submissions if row.task == task and row.state == "open"}
    before = [row for row in rows if row.submission in ours]
    if isinstance(executor, ResidentExecutor):
        return _positions_at_work(hold, before, ours.values()) if before else {}
    if not ours:
        return {}
    wanted = _elements_of(hold.ledger.instances(task, {InstanceState.SUBMITTED}), ours)
    found: Behind = {token: None for token in ours if token not in wanted}
    single: dict[str, list[int]] = {}
    for token, elements in _elements_of(before, ours).items():
        if token in wanted and (left := elements - wanted[token]):
            from reflow.rundir.at_work import begun_elements  # little is cancelled and opened again

            if begun := begun_elements(hold.run.paths.submission(token), left):
                single[token] = sorted(map(int, begun))
    if sum(map(len, single.values())) > MOST_AHEAD:
        return found | dict.fromkeys(single)
    return found | single


def _positions_at_work(
    hold: Hold, rows: Sequence[InstanceRow], submissions: Iterable[SubmissionRow]
) -> Behind:
    """Return those of some instances that workers are at, by the position that they had."""
    from reflow.run.begun import begun_attempts  # little is cancelled and opened again

    begun = begun_attempts(hold.run, Scope(rows[0].task), submissions)
    at_work = {(one.submission, one.index) for one in begun if one.state is InstanceState.RUNNING}
    found: Behind = {}
    for row in rows:
        if (row.submission, row.index) in at_work:
            found[str(row.submission)] = [*(found.get(str(row.submission)) or ()), row.position or 0]
    return found


def _elements_of(
    rows: Iterable[InstanceRow], submissions: Mapping[str, SubmissionRow]
) -> dict[str, set[int]]:
    """Return the elements that instances were handed over to, by token."""
    found: dict[str, set[int]] = {}
    for row in rows:
        submission = submissions.get(row.submission or "")
        if submission is not None and row.position is not None:
            found.setdefault(submission.token, set()).add(row.position // max(1, submission.pack))
    return found


def _write_files(hold: Hold, node: Node, submission: SubmissionRow, wave: Wave, behind: Behind) -> None:
    paths = hold.run.paths.submission(submission.token)
    for folder in (paths.directory, paths.claims, paths.outcomes, paths.done):
        make_directory(folder)
    make_directory(hold.run.paths.logs)
    rows = wave.rows
    indices = [row.index for row in rows]
    each = [(entry.name, _picked(hold, node, entry, indices)) for entry in deliveries(node).each]
    lines = _lines(rows, each, node.retries)
    asked = {
        "token": submission.token,
        "task": node.name,
        "number": submission.number,
        "created": submission.created,
        "count": submission.count,
        "pack": submission.pack,
        "begin_s": wave.begin_s,
        "exclude": wave.exclude,
        "behind": behind,
    }
    write_new(paths.request, [json.dumps(asked).encode()])  # its name is synced with those of the payload
    values = _shared_values(hold, node)
    write_payload(paths, node.name, values, lines, pack=submission.pack, workers=node.workers)
    sync_directory(hold.run.paths.jobs)


def _lines(
    rows: Sequence[InstanceRow], each: Sequence[tuple[str, Iterator[str]]], retries: int
) -> Iterator[Line]:
    for row in rows:
        values = {name: next(texts) for name, texts in each}
        yield Line(row.index, row.attempt, values, max(0, retries - tries_of(row).task), row.identity)


def _picked(hold: Hold, node: Node, entry: Input, indices: Sequence[int]) -> Iterator[str]:
    """Stream the elements of the instances that are handed over, of one input: as many as they are."""
    if entry.mode == "chain":
        yield from delivered_texts(hold, entry.sources[0], indices)
        return
    wanted = set(indices)
    is_wanted = (index in wanted for index in range(max(indices) + 1))
    yield from compress(_elements(hold, entry), is_wanted)
    if any(is_wanted):
        raise no_fit(hold, f"{entry.name} has no element for each instance of {node.name}")


def _elements(hold: Hold, entry: Input) -> Iterator[str]:
    return chain.from_iterable(delivered_texts(hold, source) for source in entry.sources)


def _shared_values(hold: Hold, node: Node) -> dict[str, str]:
    """Return the JSON texts of the inputs that all instances have in common."""
    parameters = hold.run.info["parameters"]
    found = {
        entry.name: canonical(entry.value if entry.kind == "bound" else parameters.get(entry.parameter))
        for entry in constant_inputs(node)
    }
    for entry in deliveries(node).shared:
        texts = _elements(hold, entry)
        found[entry.name] = next(texts) if entry.deliver == "value" else f"[{','.join(texts)}]"
    return found


def request_for(hold: Hold, submission: SubmissionRow, others: Iterable[SubmissionRow]) -> JobRequest:
    """Return what the executor is asked for, from what was written down before: the same each time.

    Args:
        others: The submissions of the run that are open.
    """
    node = hold.run.graph.tasks[submission.task]
    said = json.loads(read_bytes(hold.run.paths.submission(submission.token).request))
    asked = Asked(
        submission.token,
        submission.instances,
        submission.count,
        submission.pack,
        *_ahead(node, submission, others, said["behind"]),
        said["begin_s"],
        said["exclude"],
    )
    return task_request(frame_of(hold.run), node, asked)


def _ahead(
    node: Node, submission: SubmissionRow, others: Iterable[SubmissionRow], behind: Behind
) -> tuple[list[str], list[tuple[str, int]]]:
    """Return what must end first, and single elements of others that must.

    Where only so many elements may run at once, a task's arrays follow each other.
    """
    before = [row for row in others if row.task == node.name and row.number < submission.number]
    if node.resources.array_parallelism is not None:
        return [row.native_id for row in before if row.native_id], []
    called_off = {row.native_id: behind[row.token] for row in before if row.native_id and row.token in behind}
    whole = [native for native, elements in called_off.items() if elements is None]
    return whole, [(native, element) for native, some in called_off.items() for element in some or ()]


def frame_of(run: OpenRun) -> Frame:
    """Return what all requests of a run have in common."""
    info = run.info
    return Frame(run.workflow, info["python"], run.paths.root, info["cwd"], info["defaults"])


def submit(
    hold: Hold, executor: Executor, submission: SubmissionRow, others: Iterable[SubmissionRow]
) -> Answered:
    """Hand a submission over; it stays an intent where the answer is unknown, or that it may be taken later."""
    try:
        native_id = executor.submit(request_for(hold, submission, others))
    except SubmissionUnknown as error:
        hold.messages.append(f"{submission.task}: {error}; {LOOKED_UP}")
        return Answered(under_way(submission))
    except NotSubmitted as error:
        if error.transient:
            return Answered(submission._replace(ended=now_ms()), error)
        _keep_answer(hold, submission, {"refused": f"{submission.task}: {error}"})
        return Answered(submission._replace(state="refused", ended=now_ms()), error)
    hold.is_heard = True
    _keep_answer(hold, submission, {"native_id": native_id})
    return Answered(submission._replace(state="open", native_id=native_id))


def under_way(submission: SubmissionRow) -> SubmissionRow:
    """Return an intent without an answer as one of now: the request may have been sent only just before."""
    return submission._replace(created=now_ms())


def _keep_answer(hold: Hold, submission: SubmissionRow, answer: dict[str, str]) -> None:
    receipt = json.dumps({"token": submission.token, **answer}).encode()
    replace_file(hold.run.paths.submission(submission.token).receipt, receipt, sync=False)


def give_up(hold: Hold, submission: SubmissionRow) -> None:
    """Write down that an intent was certainly not taken and will not be submitted any more."""
    _keep_answer(hold, submission, {"given_up": "nothing of it was taken"})


def forget_answer(hold: Hold, submission: SubmissionRow) -> None:
    """Take back what was said to a submission that is on its way again: what it was given up for did not come."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(hold.run.paths.submission(submission.token).receipt)


def of_submission(ledger: Ledger, submission: SubmissionRow, state: InstanceState) -> list[InstanceRow]:
    """Return the instances that were handed over in a submission and are in a state."""
    return [row for row in ledger.instances(submission.task, {state}) if row.submission == submission.token]


def is_refused_for_now(submission: SubmissionRow) -> bool:
    """Whether nothing of an intent is queued, for certain, and it is to be submitted again later."""
    return submission.state == "intent" and submission.ended is not None


def is_unanswered(submission: SubmissionRow) -> bool:
    """Whether nobody knows whether an intent was taken, and somebody is to find out."""
    return submission.state == "intent" and submission.ended is None


def is_cancelled(paths: RunPaths, ledger: Ledger, submission: SubmissionRow) -> bool:
    """Whether a submission was cancelled, so that nothing of it is wanted any more.

    What a retry opened again is of another one by now: here it is an instance that never came to an outcome.
    """
    if of_submission(ledger, submission, InstanceState.SUBMITTED):
        return False
    if of_submission(ledger, submission, InstanceState.CANCELLED):
        return True
    if last_before_opened(paths) < submission.number:
        return False
    tried = {row.index for row in ledger.attempts(submission.task) if row.submission == submission.token}
    return len(tried) < submission.instances


def cancelled_elements(ledger: Ledger, submission: SubmissionRow) -> set[int]:
    """Return the elements of a submission in which something was cancelled and nothing is left to do."""
    cancelled = of_submission(ledger, submission, InstanceState.CANCELLED)
    left = of_submission(ledger, submission, InstanceState.SUBMITTED) if cancelled else []
    return _elements_with(cancelled, submission) - _elements_with(left, submission)


def _elements_with(rows: Iterable[InstanceRow], submission: SubmissionRow) -> set[int]:
    return {(row.position or 0) // max(1, submission.pack) for row in rows}


def remove_payload(paths: SubmissionPaths) -> None:
    """Remove what nobody will work on; repeatable."""
    for path in (paths.payload, paths.offsets, paths.shared):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def remove_folders(paths: SubmissionPaths) -> None:
    """Remove the folders that a submission needed while it was open; repeatable."""
    for folder in (paths.claims, paths.outcomes, paths.done):
        remove_directory(folder)
