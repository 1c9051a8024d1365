"""The promises of a store, a test each."""

from __future__ import annotations

from pathlib import Path

import pytest

from reflow.contracts.store import Ledger, Results, Store, StoredValue
from reflow.errors import Fenced, StoreError
from reflow.model.records import Changes, InstanceRow, OutputRow, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.testing.contract import Contract
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
    succeeded,
)

RUNNING, FAILED, REUSED = InstanceState.RUNNING, InstanceState.FAILED, InstanceState.REUSED


class StoreFixtures(Contract):
    """What the tests of a store work with. A subclass gives the fixture ``store``: a store at a new address."""

    @pytest.fixture
    def store(self) -> Store:
        """Return a store at an address that nobody has used."""
        raise NotImplementedError("give a fixture 'store' that returns a store at a new address")

    @pytest.fixture
    def directory(self, tmp_path: Path) -> str:
        """Return the directory of a run."""
        path = tmp_path / "run"
        path.mkdir()
        return str(path)

    @pytest.fixture
    def ledger(self, store: Store, directory: str) -> Ledger:
        """Return a new ledger, of epoch 1."""
        made = store.create_ledger(directory, "demo-1", "demo", TASKS, NOW)
        made.take_epoch()
        return made

    @pytest.fixture
    def results(self, store: Store) -> Results:
        """Return results that nobody has written to."""
        return store.open_results(write=True)

    @pytest.fixture
    def other(self, store: Store) -> Store:
        """Return a second store of the same address, as another process has one."""
        return type(store)(store.address)

    @pytest.fixture
    def seen(self, ledger: Ledger, other: Store, directory: str) -> Ledger:
        """Return the ledger as a second store sees it, to whom nothing was handed but the directory."""
        return other.open_ledger(directory)

    @pytest.fixture
    def found(self, results: Results, other: Store) -> Results:
        """Return the results as a second store sees them."""
        return other.open_results()


class LedgerContract(StoreFixtures):
    """What the ledger of a run promises."""

    def test_a_new_ledger_knows_its_run_and_all_tasks_are_waiting(self, seen: Ledger) -> None:
        overview = seen.overview()

        assert (overview.run_id, overview.workflow, overview.created) == ("demo-1", "demo", NOW)
        assert overview.state is RunState.RUNNING
        assert list(overview.tasks.values()) == [TaskRow(task) for task in TASKS]
        assert (overview.submissions, overview.published, overview.outputs) == ([], 0, 0)

    def test_creating_a_ledger_that_is_there_opens_it(
        self, ledger: Ledger, other: Store, directory: str
    ) -> None:
        ledger.apply(succeeded(0), 1)

        again = other.create_ledger(directory, "demo-1", "demo", TASKS, NOW + 1)

        assert again.overview().created == NOW
        assert again.instances("convert") == [instance(0)]

    def test_a_ledger_that_is_not_there_is_an_error(self, store: Store, tmp_path: Path) -> None:
        with pytest.raises(StoreError):
            store.open_ledger(str(tmp_path / "nowhere"))

    def test_each_instance_is_given_back_as_it_was_written(self, ledger: Ledger, seen: Ledger) -> None:
        rows = [
            instance(0),
            instance(1, REUSED)._replace(output=made_up("reused"), submission=None, position=None, attempt=0),
            instance(2, FAILED)._replace(
                reason="ended with exit status 3\n", tries='{"task": 1}', fresh=True
            ),
            instance(3, InstanceState.PENDING)._replace(parts=b"", submission=None, position=None),
            instance(4, InstanceState.CANCELLED)._replace(output=made_up("kept"), reason=""),
        ]
        ledger.apply(Changes(instances=rows, outputs=[output(0)]), 1)

        assert seen.instances("convert") == rows

    @pytest.mark.parametrize("state", list(InstanceState))
    def test_every_state_of_an_instance_is_kept(
        self, ledger: Ledger, seen: Ledger, state: InstanceState
    ) -> None:
        ledger.apply(Changes(instances=[instance(0, state)], outputs=[output(0)]), 1)

        assert [row.state for row in seen.instances("convert")] == [state]
        assert seen.overview().counts["convert"] == {state: 1}

    def test_instances_come_by_ascending_index(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(succeeded(11, 2, 7), 1)

        assert [row.index for row in seen.instances("convert")] == [2, 7, 11]

    def test_instances_are_chosen_by_state_and_by_index(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(Changes(instances=[instance(i, FAILED if i % 2 else RUNNING) for i in range(1200)]), 1)
        wanted = [*range(300, 1100), 5000]

        assert [row.index for row in seen.instances("convert", [FAILED])] == list(range(1, 1200, 2))
        assert [row.index for row in seen.instances("convert", (), wanted)] == list(range(300, 1100))
        assert [row.index for row in seen.instances("convert", [FAILED], [1, 2, 3])] == [1, 3]
        assert seen.instances("prepare") == []

    def test_a_row_replaces_the_row_of_its_key(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(Changes(instances=[instance(0, RUNNING), instance(1, RUNNING)]), 1)
        ledger.apply(Changes(instances=[instance(1, FAILED)]), 1)

        assert seen.instances("convert") == [instance(0, RUNNING), instance(1, FAILED)]
        assert seen.overview().counts["convert"] == {RUNNING: 1, FAILED: 1}

    def test_counts_of_tasks_do_not_mix(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(succeeded(0, task="prepare"), 1)
        ledger.apply(Changes(instances=[instance(0, RUNNING)]), 1)

        assert seen.overview().counts == {
            "prepare": {InstanceState.SUCCEEDED: 1},
            "convert": {RUNNING: 1},
            "finalize": {},
        }

    def test_dropped_instances_go_before_new_ones_come_and_leave_attempts_and_outputs(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        ledger.apply(succeeded(0, 1, 2), 1)
        ledger.apply(Changes(dropped=["convert"], instances=[instance(0, RUNNING)]), 1)

        assert seen.instances("convert") == [instance(0, RUNNING)]
        assert seen.overview().counts["convert"] == {RUNNING: 1}
        assert len(seen.attempts("convert")) == len(seen.unpublished(10)) == 3

    def test_values_come_by_index_from_instances_that_succeeded_and_from_no_other(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        ledger.apply(succeeded(2, 0, 1), 1)
        ledger.apply(Changes(instances=[instance(1, FAILED), instance(3, REUSED)]), 1)

        kept = [StoredValue(index, output(index).output, str(index)) for index in (0, 2)]
        assert list(seen.values("convert")) == kept
        assert list(seen.values("convert", [2, 3])) == kept[1:]

    def test_a_value_that_an_instance_should_have_is_never_left_out_in_silence(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        ledger.apply(succeeded(0), 1)
        ledger.apply(Changes(instances=[instance(1)]), 1)

        with pytest.raises(StoreError):
            list(seen.values("convert"))

    def test_the_value_of_an_instance_is_that_of_its_current_output(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        ledger.apply(succeeded(0), 1)
        newer = output(0, attempt=2, value="[7]")
        ledger.apply(
            Changes(outputs=[newer], instances=[instance(0)._replace(output=newer.output, attempt=2)]), 1
        )

        assert list(seen.values("convert")) == [StoredValue(0, newer.output, "[7]")]
        assert seen.items("convert") == {0: newer.items}

    def test_any_text_of_a_value_is_kept(self, ledger: Ledger, seen: Ledger) -> None:
        texts = [
            '"a\\nb\\u0000"',
            '"ünïcødé \U0001f30d"',
            "[]",
            '{"$float":"nan"}',
            '"' + "x" * 4_000_000 + '"',
        ]
        outputs = [output(index, value=text) for index, text in enumerate(texts)]
        rows = [instance(row.index)._replace(output=row.output) for row in outputs]
        ledger.apply(Changes(instances=rows, outputs=outputs), 1)

        assert [kept.value for kept in seen.values("convert")] == texts

    def test_item_digests_are_kept_of_lists_only(self, ledger: Ledger, seen: Ledger) -> None:
        empty = OutputRow("convert", 2, 1, made_up("empty"), "[]", b"")
        outputs = [output(0, value="[1]"), output(1), empty]
        rows = [instance(row.index)._replace(output=row.output) for row in outputs]
        ledger.apply(Changes(instances=rows, outputs=outputs), 1)

        assert seen.items("convert") == {0: outputs[0].items, 2: b""}

    def test_each_attempt_is_given_back_as_it_was_written(self, ledger: Ledger, seen: Ledger) -> None:
        rows = [
            attempt(0, FAILED, number=1)._replace(reason="ValueError: x", error='{"type":"ValueError"}'),
            attempt(0, RUNNING, number=2)._replace(ended=None, log_end=None, host=None),
            attempt(1)._replace(started=None, log_start=None),
            attempt(2)._replace(started=NOW + 5, ended=NOW),
        ]
        ledger.apply(Changes(attempts=rows), 1)
        ledger.apply(Changes(attempts=[attempt(0, task="prepare")]), 1)

        assert seen.attempts("convert") == rows
        assert seen.attempts("convert", [FAILED, RUNNING]) == rows[:2]
        assert seen.attempts("convert", (), [1, 2]) == rows[2:]
        assert seen.attempts() == [*rows, attempt(0, task="prepare")]

    def test_submissions_come_oldest_first_and_open_ones_are_in_the_overview(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        words = ["ended", "intent", "open", "refused"]
        rows = [submission(f"{number:020x}", number, word) for number, word in enumerate(words, 1)]
        ledger.apply(Changes(submissions=rows[::-1]), 1)

        assert seen.submissions() == rows
        assert seen.submissions([rows[2].token, rows[0].token, "nobody"]) == [rows[0], rows[2]]
        assert seen.overview().submissions == rows[1:3]

    def test_a_submission_that_ends_leaves_the_overview(self, ledger: Ledger, seen: Ledger) -> None:
        ended = submission(state="ended")._replace(ended=NOW + 9, logs="[0, 17]")
        ledger.apply(Changes(submissions=[submission()]), 1)
        ledger.apply(Changes(submissions=[ended]), 1)

        assert seen.submissions() == [ended]
        assert seen.overview().submissions == []

    def test_segments_are_remembered_by_submission(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(Changes(segments=[(TOKEN, "0.0.0.jsonl"), ("f" * 20, "1.0.0.jsonl")]), 1)
        ledger.apply(Changes(segments=[(TOKEN, "0.0.1.jsonl"), (TOKEN, "0.0.0.jsonl")]), 1)

        assert seen.segments(TOKEN) == {"0.0.0.jsonl", "0.0.1.jsonl"}
        assert seen.segments("nobody") == set()

    def test_a_task_row_is_given_back_as_it_was_written(self, ledger: Ledger, seen: Ledger) -> None:
        row = TaskRow("convert", TaskState.EXPANDED, 3, None, '{"year":"9f"}')
        ledger.apply(Changes(tasks=[row]), 1)

        assert seen.overview().tasks["convert"] == row
        assert list(seen.overview().tasks) == list(TASKS)

    def test_a_run_has_an_end_while_it_is_over(self, ledger: Ledger, seen: Ledger) -> None:
        ledger.apply(Changes(run=RunState.FAILED), 1)
        over = seen.overview()
        ledger.apply(Changes(run=RunState.RUNNING), 1)

        assert over.state is RunState.FAILED
        assert over.ended is not None
        assert over.ended <= over.updated
        assert (seen.overview().state, seen.overview().ended) == (RunState.RUNNING, None)

    def test_a_task_that_the_run_does_not_have_is_refused(self, ledger: Ledger, seen: Ledger) -> None:
        for changes in (succeeded(0, task="nonsense"), Changes(dropped=["nonsense"])):
            with pytest.raises(StoreError, match="nonsense"):
                ledger.apply(changes, 1)

        assert seen.attempts() == []


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


class ResultsContract(StoreFixtures):
    """What the results that runs share promise."""

    def test_a_result_is_found_by_its_identity(self, results: Results, found: Results) -> None:
        results.append(context(code=made_up("code")), [result(0), result(1, value="[1]")])
        wanted = [result(i).identity for i in range(3)]

        answer = found.find(wanted)

        assert set(answer) == set(wanted[:2])
        kept = answer[wanted[1]]
        assert (kept.output, kept.items, kept.paths) == result(1, value="[1]")[1:2] + result(1, value="[1]")[
            3:5
        ]
        assert (kept.run_id, kept.index, kept.created) == ("demo-1", 1, result(1).created)
        assert (kept.code, kept.source, kept.file) == (made_up("code"), *context()[5:7])

    def test_many_identities_are_found_in_one_look_up(self, results: Results, found: Results) -> None:
        results.append(context(), [result(index) for index in range(2000)])

        answer = found.find([result(index).identity for index in range(1500, 3500)])

        assert sorted(kept.index for kept in answer.values()) == list(range(1500, 2000))

    def test_nothing_is_found_where_nothing_was_kept(self, store: Store) -> None:
        empty = store.open_results()

        assert empty.find([made_up("anything")]) == {}
        assert empty.runs() == []

    def test_values_and_items_come_in_the_order_of_the_keys(self, results: Results, found: Results) -> None:
        rows = [result(0), result(1, value="[1]"), result(2)]
        results.append(context(), rows)
        keys = [(rows[i].identity, rows[i].output) for i in (2, 0, 1, 0)]

        assert list(found.values(keys)) == ["2", "0", "[1]", "0"]
        assert found.items(keys) == [None, None, rows[1].items, None]

    def test_a_value_that_is_not_there_is_an_error(self, results: Results, found: Results) -> None:
        results.append(context(), [result(0)])

        for key in [(result(0).identity, made_up("other")), (made_up("other"), result(0).output)]:
            with pytest.raises(StoreError):
                list(found.values([key]))
            with pytest.raises(StoreError):
                found.items([key])

    def test_the_newest_result_of_an_identity_is_current(self, results: Results, found: Results) -> None:
        results.append(context(), [result(0, value="10")])
        results.append(context("demo-2"), [result(0, value="20"), result(0, value="30")])

        assert found.find([result(0).identity])[result(0).identity].output == result(0, value="30").output
        assert list(found.values([(result(0).identity, result(0, value="10").output)])) == ["10"]

    def test_what_is_there_already_stays_as_it_is(self, results: Results, found: Results) -> None:
        results.append(context(), [result(0)])
        results.append(context(), [result(0), result(1)])
        results.append(context("demo-2"), [result(0)])

        answer = found.find([result(0).identity, result(1).identity])
        assert {kept.run_id for kept in answer.values()} == {"demo-1"}

    def test_the_same_output_by_other_code_is_a_row_of_its_own(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(code=made_up("old")), [result(0)])
        results.append(context("demo-2", code=made_up("new")), [result(0)])

        assert found.find([result(0).identity])[result(0).identity].code == made_up("new")

    def test_what_is_stale_is_found_no_more_and_its_value_is_kept(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(), [result(0), result(1)])
        key = (result(0).identity, result(0).output)
        results.invalidate([key], "a.nc is gone")

        assert set(found.find([result(0).identity, result(1).identity])) == {result(1).identity}
        assert list(found.values([key])) == ["0"]

    def test_an_older_result_is_current_again_when_the_newer_is_stale(
        self, results: Results, found: Results
    ) -> None:
        older, newer = result(0, value="10"), result(0, value="20")
        results.append(context(), [older, newer])
        results.invalidate([(newer.identity, newer.output)], "wrong")

        assert found.find([older.identity])[older.identity].output == older.output

    def test_what_was_stale_can_be_made_anew(self, results: Results, found: Results) -> None:
        results.append(context(), [result(0)])
        results.invalidate([(result(0).identity, result(0).output)], "a.nc is gone")
        results.append(context("demo-2"), [result(0)])

        assert found.find([result(0).identity])[result(0).identity].run_id == "demo-2"

    def test_appending_the_same_attempt_again_does_not_bring_back_what_is_stale(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(), [result(0)])
        results.invalidate([(result(0).identity, result(0).output)], "a.nc is gone")
        results.append(context(), [result(0)])

        assert found.find([result(0).identity]) == {}

    def test_results_that_were_opened_for_reading_are_not_written(self, found: Results) -> None:
        with pytest.raises(StoreError):
            found.append(context(), [result(0)])
        with pytest.raises(StoreError):
            found.record_run(entry("demo-1"))
        assert found.find([result(0).identity]) == {}

    def test_the_list_of_runs_is_newest_first(self, results: Results, found: Results) -> None:
        rows = [
            entry("b", created=NOW + 1),
            entry("a", created=NOW),
            entry("c", workflow="other", created=NOW + 2),
        ]
        for row in rows:
            results.record_run(row)

        assert found.runs() == [rows[2], rows[0], rows[1]]
        assert found.runs("demo") == [rows[0], rows[1]]

    def test_a_run_that_is_recorded_again_replaces_its_entry(self, results: Results, found: Results) -> None:
        results.record_run(entry("a"))
        results.record_run(entry("a")._replace(run_dir="/moved"))

        assert [row.run_dir for row in found.runs()] == ["/moved"]


class StoreContract(LedgerContract, WritingContract, ResultsContract):
    """What a store promises: subclass it with a fixture ``store`` that returns a store at a new address."""
