"""The promises of the results that runs share, a test each."""

from __future__ import annotations

import pytest

from reflow.contracts.store import Results, Store
from reflow.errors import StoreError
from reflow.model.records import Acceptance, NewResult
from reflow.testing.store_fixtures import StoreFixtures
from reflow.testing.store_rows import (
    NOW,
    context,
    entry,
    made_up,
    result,
)


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

    def test_another_output_of_an_identity_is_told_of_the_newest_that_is_not_stale(
        self, results: Results, found: Results
    ) -> None:
        first, second, third = (result(0, value=value) for value in ("10", "20", "30"))
        results.append(context(), [first, result(1)])
        results.append(context("demo-2"), [second, third])
        results.invalidate([(third.identity, third.output)], "wrong")

        def others(row: NewResult) -> dict[bytes, str]:
            told = found.others([(row.identity, row.output), (made_up("other"), row.output)], context().code)
            return {identity: kept.run_id for identity, kept in told.items()}

        assert others(first) == {first.identity: "demo-2"}
        assert others(second) == {first.identity: "demo-1"}
        assert others(third) == {first.identity: "demo-2"}
        assert others(result(1)) == {}

    def test_another_output_of_an_identity_is_told_of_the_newest_that_one_code_made(
        self, results: Results, found: Results
    ) -> None:
        first, second, third = (result(0, value=value) for value in ("10", "20", "30"))
        for run, row, code in (("demo-1", first, "old"), ("demo-2", second, "new"), ("demo-3", third, "old")):
            results.append(context(run, code=made_up(code)), [row])

        keys = [(third.identity, third.output)]
        assert found.others(keys, made_up("old"))[first.identity].run_id == "demo-1"
        assert found.others(keys, made_up("new"))[first.identity].run_id == "demo-2"
        assert found.others(keys, made_up("other")) == {}

    def test_the_newest_result_of_each_maker_is_told_where_there_are_several(
        self, results: Results, found: Results
    ) -> None:
        old, new = (context(run, code=made_up(code)) for run, code in (("demo-1", "old"), ("demo-2", "new")))
        results.append(old, [result(0, value=value) for value in ("10", "20")] + [result(1), result(2)])
        results.append(new, [result(0, value="30"), result(2)])
        results.append(old._replace(run_id="demo-3"), [result(0, value="40")])
        results.append(new, [result(index) for index in range(3, 1200)])
        results.invalidate([(result(0).identity, result(0, value="40").output)], "wrong")
        results.invalidate([(result(2).identity, result(2).output)], "wrong")

        told = found.by_makers([result(index).identity for index in range(1200)])

        assert [*told] == [result(0).identity]
        assert [(kept.code, kept.output) for kept in told[result(0).identity]] == [
            (made_up("old"), result(0, value="20").output),
            (made_up("new"), result(0, value="30").output),
        ]

    def test_who_made_the_newest_result_of_an_identity_is_the_last_of_its_makers(
        self, results: Results, found: Results
    ) -> None:
        for run, file in (("demo-1", "flow.py"), ("demo-2", "other.py"), ("demo-3", "flow.py")):
            results.append(context(run)._replace(file=file), [result(0, value=f"1{run[-1]}")])

        told = found.by_makers([result(0).identity])[result(0).identity]
        assert [(kept.file, kept.run_id) for kept in told] == [("other.py", "demo-2"), ("flow.py", "demo-3")]

    def test_what_was_made_again_after_something_else_is_current_again(
        self, results: Results, found: Results
    ) -> None:
        first, other = result(0, value="10"), result(0, value="20")
        for run, row in enumerate([first, other, first]):
            results.append(context(f"demo-{run}"), [row])

        current = found.find([first.identity])[first.identity]
        assert (current.output, current.run_id) == (first.output, "demo-2")

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

    def test_the_same_output_with_other_stamps_is_a_row_of_its_own_and_its_stamps_are_the_newest(
        self, results: Results, found: Results
    ) -> None:
        first, again = result(0, value='{"$path":["/a",["file",1,1]]}'), '{"$path":["/a",["file",1,2]]}'
        results.append(context(), [first])
        results.append(context("demo-2"), [first._replace(value=again)])

        assert list(found.values([(first.identity, first.output)])) == [again]
        assert found.find([first.identity])[first.identity].run_id == "demo-2"

    def test_results_of_a_task_key_are_told_newest_first_and_with_what_they_were_made_from(
        self, results: Results, found: Results
    ) -> None:
        made = [(context(f"demo-{run}"), result(3, value=str(run))) for run in range(3)]
        for whose, row in made:
            results.append(whose, [row])
        results.append(context(task="prepare"), [result(3, value="7")])

        told = found.earlier("demo.convert", 3, NOW + 100)

        assert [row.context for row in told] == [whose for whose, _ in reversed(made)]
        assert told[0][:7] == (*made[2][1][:2], 3, 1, made[2][1].parts, NOW + 3, None)

    def test_results_are_told_of_an_index_in_earlier_runs_and_of_those_beside_it_in_the_last(
        self, results: Results, found: Results
    ) -> None:
        for run in range(5):
            rows = [result(index, value=str(1000 * run + index)) for index in range(500)]
            results.append(context(f"demo-{run}"), rows)

        told = found.earlier("demo.convert", 250, NOW + 1000)

        assert {row.context.run_id for row in told if row.index == 250} == {f"demo-{n}" for n in range(5)}
        assert {249, 251} < {row.index for row in told if row.context.run_id == "demo-4"}
        assert len(told) < 500

    def test_results_of_the_nearest_indices_are_told_however_far_they_are(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(), [result(10), result(4000)])

        for index in (0, 1000, 9000):
            assert {row.index for row in found.earlier("demo.convert", index, NOW + 9000)} == {10, 4000}

    def test_results_of_an_identity_are_told_wherever_they_are(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(), [result(index) for index in range(300)])
        results.append(context(task="prepare"), [result(0, value="7")])
        wanted = result(0)

        told = found.earlier("demo.convert", 290, NOW + 1000, wanted.identity)

        assert [row.output for row in told if row.identity == wanted.identity] == [wanted.output]
        assert found.earlier("demo.convert", 0, NOW, wanted.identity) == []

    def test_results_that_were_made_later_are_not_told_as_earlier(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(), [result(0), result(1)._replace(created=NOW + 50)])
        results.append(context("demo-2"), [result(1, value="2")._replace(created=NOW + 60)])

        told = found.earlier("demo.convert", 1, NOW + 50)

        assert [row.index for row in told] == [0]

    def test_what_code_was_made_of_is_kept_as_it_was_first_said(
        self, results: Results, found: Results
    ) -> None:
        results.record_code({made_up("old"): "{}"})
        results.record_run(entry("demo-1"), {made_up("old"): "{1}", made_up("new"): "{2}"})

        wanted = [made_up("new"), made_up("old"), made_up("other")]
        assert found.code_parts(wanted) == {made_up("old"): "{}", made_up("new"): "{2}"}

    def test_the_makers_of_a_task_are_counted_without_what_is_stale(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(code=made_up("old")), [result(0), result(1)])
        results.append(context("demo-2", code=made_up("new")), [result(2)])
        results.append(context(code=made_up("old"), task="other"), [result(3)])
        results.invalidate([(result(0).identity, result(0).output)], "a.nc is gone")

        makers = found.makers(context().key)
        assert [(maker.code, maker.results) for maker in makers] == [(made_up("old"), 1), (made_up("new"), 1)]
        assert makers[0][1:3] == context()[5:7]

    def test_who_made_the_newest_result_of_a_task_is_the_last_of_its_makers(
        self, results: Results, found: Results
    ) -> None:
        for index, code in enumerate(["old", "new", "old"]):
            results.append(context(code=made_up(code)), [result(index)])

        makers = found.makers(context().key)
        assert [(maker.code, maker.results) for maker in makers] == [(made_up("new"), 1), (made_up("old"), 2)]

    def test_results_come_by_the_code_that_made_them_with_all_that_they_are(
        self, results: Results, found: Results
    ) -> None:
        old = context(code=made_up("old"))
        results.append(old, [result(index) for index in range(1200)])
        results.append(context("demo-2", code=made_up("new")), [result(2000)])

        assert list(found.made_by(old.key, [made_up("old")])) == [(old, result(i)) for i in range(1200)]
        assert list(found.made_by("demo.other", [made_up("old")])) == []

    def test_an_acceptance_is_kept_as_it_was_first_said(self, results: Results, found: Results) -> None:
        first = Acceptance("demo.convert", made_up("old"), made_up("new"), "me", "only renamed", NOW)
        results.accept([first, first._replace(key="demo.other")])
        results.accept([first._replace(who="you"), first._replace(old=made_up("older"), created=NOW + 1)])

        assert found.acceptances("demo.convert") == [
            first,
            first._replace(old=made_up("older"), created=NOW + 1),
        ]

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

    def test_a_run_is_listed_where_it_is_whatever_bytes_are_in_that_path(
        self, results: Results, found: Results
    ) -> None:
        results.record_run(entry("a")._replace(run_dir="/data/\udcff"))

        assert [row.run_dir for row in found.runs()] == ["/data/\udcff"]
