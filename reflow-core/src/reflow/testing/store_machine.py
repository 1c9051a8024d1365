"""A state machine that does to a store whatever may be done to it, and to a `MemoryStore` the same."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reflow.contracts.store import Ledger, Results, Store
from reflow.errors import Fenced, ReflowError
from reflow.model.records import Changes, Overview, TaskRow, Unpublished
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.testing.memory import MemoryStore
from reflow.testing.store_rows import (
    NOW,
    TASKS,
    TOKEN,
    attempt,
    context,
    entry,
    instance,
    made_up,
    output,
    result,
    submission,
)

_TASK = st.sampled_from(TASKS)
_INDEX = st.integers(0, 4)
_ATTEMPT = st.integers(1, 3)
_VALUE = st.sampled_from(["0", "1", "[1]", "[]"])
_STATES = st.sampled_from([state for state in InstanceState if state is not InstanceState.SUCCEEDED])
_IDENTITY = st.sampled_from([made_up("one"), made_up("two")])
_CODE = st.sampled_from([b"", made_up("code")])


class StoreMachine(RuleBasedStateMachine):
    """Compares a store with a dict. Subclass it with `make_store` and collect its ``TestCase``."""

    def __init__(self) -> None:
        super().__init__()
        self.root = tempfile.mkdtemp(prefix="reflow-store-machine-")
        self.directory = os.path.join(self.root, "run")
        os.mkdir(self.directory)

    def make_store(self, root: str) -> Store:
        """Return a new store object whose address is in a directory, the same for the same directory."""
        raise NotImplementedError("return a store at an address in this directory")

    @initialize()
    def create(self) -> None:
        """Begin with an empty ledger and empty results."""
        self.stores = [self.make_store(self.root), MemoryStore(f"memory://{self.root}")]
        self.ledgers = [
            store.create_ledger(self.directory, "demo-1", "demo", TASKS, NOW) for store in self.stores
        ]
        self.results = [store.open_results(write=True) for store in self.stores]
        self.epoch = next(iter({ledger.take_epoch() for ledger in self.ledgers}))

    def teardown(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root)

    def same(self, ask: Callable[[Ledger], object]) -> None:
        """Compare what both ledgers answer; errors are answers, and their texts are free."""
        mine, model = (_answer(ask, ledger) for ledger in self.ledgers)
        assert mine == model

    def apply(self, changes: Changes, epoch: int | None = None) -> None:
        """Write to both ledgers."""
        self.same(lambda ledger: ledger.apply(changes, self.epoch if epoch is None else epoch))

    @rule(task=_TASK, index=_INDEX, state=_STATES, attempt=_ATTEMPT, identity=_IDENTITY)
    def move(self, task: str, index: int, state: InstanceState, attempt: int, identity: bytes) -> None:
        """Move an instance to another state."""
        row = instance(index, state, task=task, attempt=attempt, identity=identity)
        reused = made_up("reused") if state is InstanceState.REUSED else None
        self.apply(Changes(instances=[row._replace(output=reused)]))

    @rule(task=_TASK, index=_INDEX, number=_ATTEMPT, identity=_IDENTITY, value=_VALUE, reusable=st.booleans())
    def succeed(
        self, task: str, index: int, number: int, identity: bytes, value: str, reusable: bool
    ) -> None:
        """Let an instance succeed."""
        made = output(index, task=task, attempt=number, value=value)._replace(reusable=reusable)
        row = instance(index, task=task, attempt=number, identity=identity)._replace(output=made.output)
        tried = attempt(index, task=task, number=number)
        self.apply(Changes(instances=[row], outputs=[made], attempts=[tried]))

    @rule(task=_TASK, index=_INDEX, number=_ATTEMPT, value=_VALUE)
    def return_late(self, task: str, index: int, number: int, value: str) -> None:
        """Write an output and no instance."""
        self.apply(Changes(outputs=[output(index, task=task, attempt=number, value=value)]))

    @rule(task=_TASK, total=st.integers(0, 3), state=_STATES)
    def expand_afresh(self, task: str, total: int, state: InstanceState) -> None:
        """Drop a task's instances and write new ones."""
        rows = [instance(index, state, task=task) for index in range(total)]
        self.apply(
            Changes(
                dropped=[task], instances=rows, tasks=[TaskRow(task, TaskState.EXPANDED, total, None, "{}")]
            )
        )

    @rule(number=st.integers(1, 3), state=st.sampled_from(["intent", "open", "ended", "refused"]))
    def submit(self, number: int, state: str) -> None:
        """Write a submission and a segment of it."""
        row = submission(f"{number:020x}", number, state)
        self.apply(Changes(submissions=[row], segments=[(TOKEN, f"0.0.{number}.jsonl")]))

    @rule(state=st.sampled_from(RunState))
    def end(self, state: RunState) -> None:
        """Change the state of the run."""
        self.apply(Changes(run=state))

    @rule(taken=st.integers(0, 3))
    def publish(self, taken: int) -> None:
        """Publish so many of the outputs that wait; ledgers count in their own way."""
        for ledger in self.ledgers:
            waiting = ledger.unpublished(taken) if taken else []
            if waiting:
                ledger.apply(Changes(published=waiting[-1].number), self.epoch)

    @rule(task=st.sampled_from([*TASKS, "nonsense"]), index=_INDEX)
    def fail_to_write(self, task: str, index: int) -> None:
        """Write under an old epoch, and to a task that may not be there."""
        self.apply(Changes(instances=[instance(index, InstanceState.RUNNING, task=task)]), self.epoch - 1)
        rows = [
            instance(index, InstanceState.RUNNING),
            instance(index, InstanceState.FAILED, task="nonsense"),
        ]
        self.apply(Changes(instances=rows))

    @rule()
    def change_hands(self) -> None:
        """Open everything afresh, as another process would, and take the next epoch."""
        for ledger in self.ledgers:
            ledger.close()
        for results in self.results:
            results.close()
        self.stores[0] = self.make_store(self.root)
        self.ledgers = [store.open_ledger(self.directory, write=True) for store in self.stores]
        self.results = [store.open_results(write=True) for store in self.stores]
        epochs = {ledger.take_epoch() for ledger in self.ledgers}
        assert epochs == {self.epoch + 1}
        self.epoch += 1

    @rule(run=st.sampled_from(["demo-1", "demo-2"]), code=_CODE, index=_INDEX, value=_VALUE)
    def append(self, run: str, code: bytes, index: int, value: str) -> None:
        """Append a result of one of two runs, by one of two versions of the code."""
        self.both(lambda results: results.append(context(run, code=code), [result(index, value=value)]))

    @rule(index=_INDEX, value=_VALUE)
    def invalidate(self, index: int, value: str) -> None:
        """Mark a result as stale, whether it is there or not."""
        row = result(index, value=value)
        self.both(lambda results: results.invalidate([(row.identity, row.output)], "gone"))

    @rule(run=st.sampled_from(["demo-1", "demo-2"]), workflow=st.sampled_from(["demo", "other"]))
    def record(self, run: str, workflow: str) -> None:
        """Add a run to the list of runs."""
        self.both(lambda results: results.record_run(entry(run, workflow=workflow)))

    def both(self, act: Callable[[Results], object]) -> None:
        """Do the same to both results and compare what they say."""
        mine, model = (_answer(act, results) for results in self.results)
        assert mine == model

    @invariant()
    def the_ledgers_agree(self) -> None:
        """Compare everything that a ledger answers."""
        if not hasattr(self, "ledgers"):
            return
        self.same(lambda ledger: _timeless(ledger.overview()))
        self.same(lambda ledger: ledger.attempts())
        self.same(lambda ledger: ledger.submissions())
        self.same(lambda ledger: ledger.segments(TOKEN))
        self.same(lambda ledger: [_numberless(kept) for kept in ledger.unpublished(100)])
        for task in TASKS:
            self.same(lambda ledger, task=task: ledger.instances(task))  # type: ignore[misc]
            self.same(lambda ledger, task=task: ledger.items(task))  # type: ignore[misc]
            self.same(lambda ledger, task=task: list(ledger.values(task)))  # type: ignore[misc]

    @invariant()
    def the_results_agree(self) -> None:
        """Compare everything that results answer."""
        if not hasattr(self, "results"):
            return
        rows = [result(index, value=value) for index in range(5) for value in ("0", "1", "[1]", "[]")]
        self.both(lambda results: results.find([row.identity for row in rows]))
        self.both(lambda results: results.by_makers([row.identity for row in rows]))
        self.both(lambda results: results.runs())
        for row in rows:
            key = (row.identity, row.output)
            self.both(lambda results, key=key: _others_of_kept(results, key))  # type: ignore[misc]
            self.both(lambda results, key=key: (list(results.values([key])), results.items([key])))  # type: ignore[misc]


def _others_of_kept(results: Results, key: tuple[bytes, bytes]) -> object:
    return list(results.values([key])), results.others([key], context().code)


def _answer(ask: Callable[..., object], asked: Ledger | Results) -> object:
    try:
        return ask(asked)
    except ReflowError as error:
        return "an error", isinstance(error, Fenced)


def _timeless(overview: Overview) -> object:
    return overview._replace(updated=0, ended=0 if overview.ended else None, outputs=0, published=0), (
        overview.outputs > overview.published
    )


def _numberless(kept: Unpublished) -> Unpublished:
    return kept._replace(number=0, created=kept.created if kept.created < NOW + 10_000 else 0)
