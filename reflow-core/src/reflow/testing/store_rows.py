"""Rows for tests of stores, with digests that are made up."""

from __future__ import annotations

from hashlib import sha256

from reflow.model.records import (
    AttemptRow,
    Changes,
    Context,
    InstanceRow,
    NewResult,
    OutputRow,
    RunEntry,
    SubmissionRow,
)
from reflow.model.states import InstanceState

TASKS = ("prepare", "convert", "finalize")
TOKEN = "0f3a9c2b11" * 2
NOW = 1_790_000_000_000  #: a time in milliseconds


def made_up(*what: object) -> bytes:
    """Return a digest that only these words have."""
    return sha256(repr(what).encode()).digest()


def instance(
    index: int,
    state: InstanceState = InstanceState.SUCCEEDED,
    *,
    task: str = "convert",
    attempt: int = 1,
    identity: bytes | None = None,
) -> InstanceRow:
    """Return an instance; one that has succeeded has the output that `output` makes."""
    succeeded = state is InstanceState.SUCCEEDED
    return InstanceRow(
        *(task, index, state, identity or made_up("identity", task, index), attempt),
        output=output(index, task=task, attempt=attempt).output if succeeded else None,
        submission=TOKEN,
        position=index,
        parts=made_up("parts", task, index),
    )


def output(index: int, *, task: str = "convert", attempt: int = 1, value: str | None = None) -> OutputRow:
    """Return what an instance returned: its index, unless a text of JSON is given."""
    text = str(index) if value is None else value
    items = made_up("item", text) if text.startswith("[") else None
    return OutputRow(task, index, attempt, made_up("output", task, index, text), text, items)


def attempt(
    index: int, state: InstanceState = InstanceState.SUCCEEDED, *, task: str = "convert", number: int = 1
) -> AttemptRow:
    """Return a try at an instance that took two seconds and wrote ten bytes to its log."""
    started = NOW + index
    return AttemptRow(
        *(task, index, number, TOKEN, 0, 0, state),
        *(started, started + 2_000, 10 * index, 10 * index + 10, None, None, "node7"),
    )


def submission(token: str = TOKEN, number: int = 1, state: str = "open") -> SubmissionRow:
    """Return a submission of the task ``convert``."""
    return SubmissionRow(token, number, "convert", 2, 100, 50, state, NOW, f"id-{number}")


def succeeded(*indices: int, task: str = "convert") -> Changes:
    """Return the transaction that takes in the end of some instances."""
    return Changes(
        instances=[instance(index, task=task) for index in indices],
        outputs=[output(index, task=task) for index in indices],
        attempts=[attempt(index, task=task) for index in indices],
    )


def context(run_id: str = "demo-1", *, code: bytes = b"", task: str = "convert") -> Context:
    """Return what the results of a task in a run share."""
    return Context(
        *(run_id, task, f"demo.{task}", "1", code, made_up("source"), "/home/me/flow.py"),
        *('{"year":"9f"}', ("nc_file",)),
    )


def result(index: int, *, value: str | None = None, attempt: int = 1) -> NewResult:
    """Return a result to be appended, for the identity that `instance` gives."""
    made = output(index, value=value)
    return NewResult(
        *(made_up("identity", "convert", index), made.output, made.value, made.items, False, index, attempt),
        *(made_up("parts", "convert", index), NOW + index),
    )


def entry(run_id: str, *, workflow: str = "demo", created: int = NOW) -> RunEntry:
    """Return a run in the list of runs."""
    return RunEntry(run_id, workflow, f"/scratch/{run_id}", created, "local", "year=1860")
