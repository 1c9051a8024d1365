"""Stores that break one promise each; `test_contracts_bite` runs the contract against every one of them."""

from __future__ import annotations

import pytest

from reflow.testing import MemoryStore, StoreContract
from reflow.testing.memory import _LEDGERS, _RESULTS
from reflow.testing.memory_ledger import MemoryLedger
from reflow.testing.memory_results import MemoryResults, _found
from reflow.testing.store_fixtures import StoreFixtures


class AnyEpochWrites(MemoryLedger):
    """caught by: whoever_holds_an_old_epoch_can_write_no_more"""

    def apply(self, changes, epoch):
        super().apply(changes, self._state.epoch)


class WritesByHalves(MemoryLedger):
    """caught by: nothing_is_written_when_a_row_cannot_be"""

    def _writable(self):
        super()._writable()
        return self._state


class ForgetsEpochs(MemoryLedger):
    """caught by: every_epoch_is_greater_than_the_last"""

    def take_epoch(self):
        super().take_epoch()
        self._state.epoch = 1
        return 1


class WritesWhenReading(MemoryLedger):
    """caught by: a_ledger_that_was_opened_for_reading_is_not_written"""

    def _writable(self):
        return self._state.copy()


class LeavesOutMissingValues(MemoryLedger):
    """caught by: a_value_that_an_instance_should_have_is_never_left_out_in_silence"""

    def values(self, task, indices=()):
        for row in self.instances(task, (), indices):
            if row.state == "succeeded" and self._state.output_of(row):
                yield from super().values(task, [row.index])


class GivesTheFirstOutput(MemoryLedger):
    """caught by: the_value_of_an_instance_is_that_of_its_current_output"""

    def values(self, task, indices=()):
        for kept in super().values(task, indices):
            first = min(at for at in self._state.outputs if at[:2] == (task, kept.index))
            yield kept._replace(value=self._state.outputs[first][1].value)


class ReversesInstances(MemoryLedger):
    """caught by: instances_come_by_ascending_index"""

    def instances(self, task, states=(), indices=()):
        return super().instances(task, states, indices)[::-1]


class IgnoresStates(MemoryLedger):
    """caught by: instances_are_chosen_by_state_and_by_index"""

    def instances(self, task, states=(), indices=()):
        return super().instances(task, (), indices)


class MixesCounts(MemoryLedger):
    """caught by: counts_of_tasks_do_not_mix"""

    def overview(self):
        overview = super().overview()
        merged = {state: n for counts in overview.counts.values() for state, n in counts.items()}
        return overview._replace(counts=dict.fromkeys(overview.counts, merged))


class DropsAttempts(MemoryLedger):
    """caught by: dropped_instances_go_before_new_ones_come_and_leave_attempts_and_outputs"""

    def apply(self, changes, epoch):
        super().apply(changes, epoch)
        for key in [key for key in self._state.attempts if key[0] in changes.dropped]:
            del self._state.attempts[key]


class PublishesUnderTheNewIdentity(MemoryLedger):
    """caught by: an_output_waits_under_the_identity_that_it_was_made_from"""

    def _unpublished(self, number, output):
        self._state.origins.clear()
        return super()._unpublished(number, output)


class PublishesTheUnknown(MemoryLedger):
    """caught by: an_output_whose_identity_nobody_knows_is_not_reusable"""

    def _unpublished(self, number, output):
        return super()._unpublished(number, output)._replace(output=output)


class WaitsForEver(MemoryLedger):
    """caught by: outputs_wait_in_order_until_they_are_published"""

    def apply(self, changes, epoch):
        super().apply(changes._replace(published=None), epoch)


class ShowsEndedSubmissions(MemoryLedger):
    """caught by: submissions_come_oldest_first_and_open_ones_are_in_the_overview"""

    def overview(self):
        return super().overview()._replace(submissions=self.submissions())


class NeverEnds(MemoryLedger):
    """caught by: a_run_has_an_end_while_it_is_over"""

    def overview(self):
        return super().overview()._replace(ended=None)


class FindsTheOldest(MemoryResults):
    """caught by: the_newest_result_of_an_identity_is_current"""

    def find(self, identities):
        rows, stale = self._state.rows, self._state.stale
        self._state.rows = rows[::-1]
        self._state.stale = {len(rows) - 1 - number: reason for number, reason in stale.items()}
        try:
            return super().find(identities)
        finally:
            self._state.rows, self._state.stale = rows, stale


class TellsOthersThatAreStale(MemoryResults):
    """caught by: another_output_of_an_identity_is_told_of_the_newest_that_is_not_stale"""

    def others(self, keys, code):
        stale, self._state.stale = self._state.stale, {}
        try:
            return super().others(keys, code)
        finally:
            self._state.stale = stale


class TellsItselfAsAnother(MemoryResults):
    """caught by: another_output_of_an_identity_is_told_of_the_newest_that_is_not_stale"""

    def others(self, keys, code):
        return self.find([identity for identity, _ in keys])


class TellsOthersOfAnyCode(MemoryResults):
    """caught by: another_output_of_an_identity_is_told_of_the_newest_that_one_code_made"""

    def others(self, keys, code):
        codes = {context.code for context, _ in self._state.rows}
        return {
            key: found for each in codes for key, found in super(type(self), self).others(keys, each).items()
        }


class TellsTheOldestOfEachMaker(MemoryResults):
    """caught by: the_newest_result_of_each_maker_is_told_where_there_are_several"""

    def by_makers(self, identities):
        return {
            identity: [
                next(
                    _found(*row)
                    for row in self._state.rows
                    if row[1].identity == identity and row[0].code == one.code
                )
                for one in found
            ]
            for identity, found in super().by_makers(identities).items()
        }


class TellsMakersThatAreAlone(MemoryResults):
    """caught by: the_newest_result_of_each_maker_is_told_where_there_are_several"""

    def by_makers(self, identities):
        return {key: [found] for key, found in self.find(identities).items()} | super().by_makers(identities)


class OrdersMakersByTheirFirstResult(MemoryResults):
    """caught by: who_made_the_newest_result_of_an_identity_is_the_last_of_its_makers"""

    def by_makers(self, identities):
        return {key: found[::-1] for key, found in super().by_makers(identities).items()}


class FindsWhatIsStale(MemoryResults):
    """caught by: what_is_stale_is_found_no_more_and_its_value_is_kept"""

    def invalidate(self, keys, reason):
        self._check_writable()


class LeavesWhatWasTakenForGood(MemoryResults):
    """caught by: what_somebody_took_for_good_under_other_identities_is_stale_with_what_it_was_made_as"""

    def invalidate(self, keys, reason):
        for number, (_, new) in self._there():
            if (new.identity, new.output) in keys:
                self._state.stale.setdefault(number, reason)


class BringsBackWhatIsStale(MemoryResults):
    """caught by: appending_the_same_attempt_again_does_not_bring_back_what_is_stale"""

    def _has(self, context, new):
        rows = enumerate(self._state.rows)
        return any(old == new and number not in self._state.stale for number, (_, old) in rows)


class NeverMakesAnew(MemoryResults):
    """caught by: what_was_stale_can_be_made_anew"""

    def _has(self, context, new):
        return any(old.identity == new.identity and old.output == new.output for _, old in self._state.rows)


class IgnoresCode(MemoryResults):
    """caught by: the_same_output_by_other_code_is_a_row_of_its_own"""

    def append(self, context, rows):
        super().append(context._replace(code=b""), rows)


class IgnoresStamps(MemoryResults):
    """caught by: the_same_output_with_other_stamps_is_a_row_of_its_own_and_its_stamps_are_the_newest"""

    def _has(self, context, new):
        rows = enumerate(self._state.rows)
        return any(old[:2] == new[:2] and number not in self._state.stale for number, (_, old) in rows)


class AppendsAgain(MemoryResults):
    """caught by: what_is_there_already_stays_as_it_is"""

    def _has(self, context, new):
        return False


class KeepsTheFirst(MemoryResults):
    """caught by: what_was_made_again_after_something_else_is_current_again"""

    def _has(self, context, new):
        rows = enumerate(self._state.rows)
        return any(
            old[:3] == new[:3] and other.code == context.code and number not in self._state.stale
            for number, (other, old) in rows
        ) or super()._has(context, new)


class SortsValues(MemoryResults):
    """caught by: values_and_items_come_in_the_order_of_the_keys"""

    def values(self, keys):
        return super().values(sorted(keys))


class SkipsMissingValues(MemoryResults):
    """caught by: a_value_that_is_not_there_is_an_error"""

    def values(self, keys):
        known = {(new.identity, new.output) for _, new in self._state.rows}
        return super().values([key for key in keys if key in known])


class TellsOfOtherTasks(MemoryResults):
    """caught by: results_of_a_task_key_are_told_newest_first_and_with_what_they_were_made_from"""

    def earlier(self, key, index, before, identity=None):
        keys = {context.key for context, _ in self._state.rows}
        return [
            row
            for other in keys
            for row in super(TellsOfOtherTasks, self).earlier(other, index, before, identity)
        ]


class TellsOfOneIndexOnly(MemoryResults):
    """caught by: results_are_told_of_an_index_in_earlier_runs_and_of_those_beside_it_in_the_last"""

    def earlier(self, key, index, before, identity=None):
        return [row for row in super().earlier(key, index, before, identity) if row.index == index]


class TellsOfWhatIsNextOnly(MemoryResults):
    """caught by: results_of_the_nearest_indices_are_told_however_far_they_are"""

    def earlier(self, key, index, before, identity=None):
        return [row for row in super().earlier(key, index, before, identity) if abs(row.index - index) < 50]


class TellsNothingOfAnIdentity(MemoryResults):
    """caught by: results_of_an_identity_are_told_wherever_they_are"""

    def earlier(self, key, index, before, identity=None):
        return super().earlier(key, index, before)


class TellsOfTheFuture(MemoryResults):
    """caught by: results_that_were_made_later_are_not_told_as_earlier"""

    def earlier(self, key, index, before, identity=None):
        return super().earlier(key, index, before + 10_000, identity)


class HidesWhatIsStale(MemoryResults):
    """caught by: what_is_stale_is_told_with_the_reason"""

    def earlier(self, key, index, before, identity=None):
        return [row for row in super().earlier(key, index, before, identity) if row.stale is None]


class ListsOldRunsFirst(MemoryResults):
    """caught by: the_list_of_runs_is_newest_first"""

    def runs(self, workflow=None):
        return super().runs(workflow)[::-1]


class MutantStore(MemoryStore):
    ledger_class = MemoryLedger
    results_class = MemoryResults

    def create_ledger(self, directory, run_id, workflow, tasks, created, epoch=0):
        super().create_ledger(directory, run_id, workflow, tasks, created, epoch)
        return self.open_ledger(directory, write=True)

    def open_ledger(self, directory, *, write=False):
        super().open_ledger(directory)
        return self.ledger_class(_LEDGERS[directory], write=write)

    def open_results(self, *, write=False):
        super().open_results()
        return self.results_class(_RESULTS[self.address], write=write)


class ForgetsTheLedger(MutantStore):
    """caught by: creating_a_ledger_that_is_there_opens_it"""

    def create_ledger(self, directory, run_id, workflow, tasks, created, epoch=0):
        _LEDGERS.pop(directory, None)
        return super().create_ledger(directory, run_id, workflow, tasks, created, epoch)


class BeginsAtTheFirstEpoch(MutantStore):
    """caught by: a_ledger_may_begin_behind_any_epoch"""

    def create_ledger(self, directory, run_id, workflow, tasks, created, epoch=0):
        return super().create_ledger(directory, run_id, workflow, tasks, created)


class KeepsTheDamagedLedger(MutantStore):
    """caught by: a_ledger_comes_in_the_place_of_another"""

    def replace_ledger(self, directory, fresh):
        return f"{directory}.damaged" if directory in _LEDGERS else super().replace_ledger(directory, fresh)


class ReplacesBeforeItIsFilled(MutantStore):
    """caught by: results_stay_as_they_were_where_new_ones_cannot_be_filled"""

    def rebuild_results(self, fill):
        _RESULTS.pop(self.address, None)
        return super().rebuild_results(fill)


class TellsOnlyWhatWaits(MemoryLedger):
    """caught by: what_was_made_is_told_whether_it_was_published_or_not"""

    def kept(self, task):
        waiting = {one.number for one in self.unpublished(1000)}
        return (one for one in super().kept(task) if one.number in waiting)


class RemovesWhatIsYoung(MemoryResults):
    """caught by: old_results_are_told_oldest_first_and_can_be_removed"""

    def old(self, before):
        return super().old(before + 2)


class ForgetsThatTheyWereStale(MemoryResults):
    """caught by: of_stale_results_that_were_removed_it_is_known_that_they_were_stale"""

    def remove(self, results):
        super().remove(results)
        self._state.forgotten.clear()


class SharesNothing(MutantStore):
    """caught by: a_result_is_found_by_its_identity"""

    def open_results(self, *, write=False):
        self.address += "+"
        return super().open_results(write=write)


def _store_class(mutant):
    if issubclass(mutant, MutantStore):
        return mutant
    kind = "ledger_class" if issubclass(mutant, MemoryLedger) else "results_class"
    return type(mutant.__name__ + "Store", (MutantStore,), {kind: mutant})


def _store_fixture(store_class):
    @pytest.fixture
    def store(self, tmp_path):
        return store_class(f"memory://{tmp_path}")

    return store


def _test_class(mutant):
    """Return a class with the one promise that the mutant breaks."""
    name = "test_" + mutant.__doc__.removeprefix("caught by: ")
    promise = {name: getattr(StoreContract, name), "store": _store_fixture(_store_class(mutant))}
    return type(f"Test{mutant.__name__}", (StoreFixtures,), promise)


MUTANTS = [
    found
    for name, found in list(globals().items())
    if isinstance(found, type) and (found.__doc__ or "").startswith("caught by: ")
]
globals().update({f"Test{mutant.__name__}": _test_class(mutant) for mutant in MUTANTS})


class TestUnchanged(StoreContract):
    store = _store_fixture(MutantStore)
