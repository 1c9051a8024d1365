"""The promises of the ledger of a run, a test each."""

from __future__ import annotations

from pathlib import Path

import pytest

from reflow.contracts.store import Ledger, Store, StoredValue
from reflow.errors import StoreError
from reflow.model.records import Changes, OutputRow, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.testing.store_fixtures import StoreFixtures
from reflow.testing.store_rows import (
    NOW,
    TASKS,
    TOKEN,
    attempt,
    instance,
    made_up,
    output,
    submission,
    succeeded,
)

RUNNING, FAILED, REUSED = InstanceState.RUNNING, InstanceState.FAILED, InstanceState.REUSED


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

    def test_an_instance_moves_on_as_often_as_it_will_while_its_output_waits(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        made = output(0)
        for identity in (made_up("a"), made_up("b"), made_up("a"), made_up("c")):
            row = instance(0, identity=identity)._replace(output=made.output)
            ledger.apply(Changes(instances=[row], outputs=[made]), 1)

            assert [found.identity for found in seen.instances("convert")] == [identity]

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
