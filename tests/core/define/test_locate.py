"""How a worker is to find a workflow, and why it could not."""

from __future__ import annotations

import textwrap

import pytest

from reflow import Workflow
from reflow.define.locate import locate
from reflow.errors import DefinitionError

HEAD = "from threading import Lock\nheld, made = Lock(), [Lock()]\n"


def of_no_module(text):
    """Return a workflow with the tasks of a text, as a notebook has it."""
    cell = {"__name__": "__main__", "wf": Workflow("cells")}
    exec(HEAD + textwrap.dedent(text), cell)
    return cell["wf"]


def test_a_workflow_of_no_module_travels_as_a_pickle():
    assert set(locate(of_no_module("@wf.job\ndef one() -> int: return 1"), "__main__")) == {"pickle"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("return held.locked()", "the global 'held' of task 'two'"),
        ("return len(made)", "the global 'made' of task 'two'"),
        ("return bad()", "the global 'bad' of task 'two'"),
    ],
)
def test_what_cannot_travel_is_named_with_its_task(body, named):
    text = f"""
        def bad(): return held
        @wf.job
        def one() -> int: return 1
        @wf.job
        def two() -> int: {body}
    """

    with pytest.raises(DefinitionError) as refused:
        locate(of_no_module(text), "__main__")
    assert str(refused.value).splitlines() == [
        f"{named} cannot be taken to a worker: cannot pickle '_thread.lock' object",
        "make what it needs of that kind, such as a lock or an open file, inside the task",
    ]
