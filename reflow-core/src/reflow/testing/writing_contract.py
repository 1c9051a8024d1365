"""The promises of the transactions of a ledger, a test each."""

from __future__ import annotations

import pytest

from reflow.contracts.store import Ledger, Store
from reflow.errors import Fenced, StoreError
from reflow.model.records import Changes, InstanceRow
from reflow.model.states import InstanceState, RunState
from reflow.testing.store_fixtures import StoreFixtures
from reflow.testing.store_rows import (
    attempt,
    instance,
    made_up,
    output,
    succeeded,
)

RUNNING = InstanceState.RUNNING


class WritingContract(StoreFixtures):
    """What the transactions of a ledger promise."""

    def test_every_epoch_is_greater_than_the_last(self, ledger: Ledger, other: Store, directory: str) -> None:
        assert other.open_ledger(directory, write=True).take_epoch() == 2
        assert ledger.take_epoch() == 3
        assert ledger.overview().epoch == 3

    def test_whoever_holds_an_old_epoch_can_write_no_more(
        self, ledger: Ledger, other: Store, directory: str
    ) -> None:
        other.open_ledger(directory, write=True).take_epoch()

        with pytest.raises(Fenced):
            ledger.apply(succeeded(0), 1)
        assert other.open_ledger(directory).instances("convert") == []

    def test_nothing_is_written_when_a_row_cannot_be(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(Changes(instances=[instance(0, RUNNING)]), 1)

        def rows() -> list[InstanceRow]:
            return [instance(0), instance(0, task="nonsense")]

        with pytest.raises(StoreError):
            ledger.apply(Changes(run=RunState.FAILED, outputs=[output(0)], instances=rows()), 1)
        assert seen.instances("convert") == [instance(0, RUNNING)]
        assert (seen.overview().state, seen.overview().outputs) == (RunState.RUNNING, 0)

    def test_nothing_is_written_when_the_rows_do_not_come_to_an_end(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        def rows() -> object:
            yield instance(0)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ledger.apply(Changes(outputs=[output(0)], instances=rows()), 1)  # type: ignore[arg-type]
        ledger.apply(succeeded(1), 1)
        assert [row.index for row in seen.instances("convert")] == [1]

    def test_a_ledger_that_was_opened_for_reading_is_not_written(self, seen: Ledger) -> None:
        with pytest.raises(StoreError):
            seen.apply(succeeded(0), 1)
        with pytest.raises(StoreError):
            seen.take_epoch()
        assert seen.overview().epoch == 1

    def test_outputs_wait_in_order_until_they_are_published(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(succeeded(2, 0), 1)
        ledger.apply(succeeded(1), 1)
        waiting = seen.unpublished(10)
        ledger.apply(Changes(published=waiting[1].number), 1)

        assert [kept.output for kept in waiting] == [output(2), output(0), output(1)]
        assert [kept.identity for kept in waiting] == [instance(i).identity for i in (2, 0, 1)]
        assert [kept.parts for kept in waiting] == [instance(i).parts for i in (2, 0, 1)]
        assert [kept.created for kept in waiting] == [attempt(i).ended for i in (2, 0, 1)]
        assert seen.unpublished(10) == waiting[2:]
        assert seen.overview().published == waiting[1].number
        assert seen.overview().outputs == waiting[2].number

    def test_no_more_outputs_are_given_than_were_asked_for(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(succeeded(0, 1, 2), 1)

        assert [kept.output.index for kept in seen.unpublished(2)] == [0, 1]

    def test_an_output_that_is_written_again_as_it_is_does_not_wait_twice(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        ledger.apply(succeeded(0, 1), 1)
        ledger.apply(Changes(published=seen.overview().outputs), 1)
        ledger.apply(succeeded(0, 1), 1)

        assert seen.unpublished(10) == []
        assert seen.overview().outputs == seen.overview().published

    def test_an_output_that_changes_waits_again(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(succeeded(0, 1), 1)
        ledger.apply(Changes(published=seen.overview().outputs), 1)
        changed = output(1)._replace(reusable=False)
        ledger.apply(Changes(outputs=[output(0), changed]), 1)

        assert [kept.output for kept in seen.unpublished(10)] == [changed]
        assert [kept.value for kept in seen.values("convert")] == ["0", "1"]

    @pytest.mark.parametrize("dropped", [True, False])
    def test_an_output_waits_under_the_identity_that_it_was_made_from(
        self, ledger: Ledger, seen: Ledger, dropped: bool
    ) -> None:
        ledger.apply(succeeded(0), 1)
        moved_on = instance(0, RUNNING, identity=made_up("another"), attempt=2)
        ledger.apply(Changes(dropped=["convert"] if dropped else [], instances=[moved_on]), 1)
        ledger.apply(Changes(outputs=[output(0, attempt=2)]), 1)

        old, new = seen.unpublished(10)
        assert (old.identity, old.output.attempt) == (instance(0).identity, 1)
        assert (new.identity, new.output.attempt) == (made_up("another"), 2)

    def test_an_output_whose_identity_nobody_knows_is_not_reusable(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        ledger.apply(Changes(outputs=[output(0)]), 1)

        assert [kept.output.reusable for kept in seen.unpublished(10)] == [False]
