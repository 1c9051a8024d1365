"""The promises of what looks after a store: ledgers and results made anew, and old results taken away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reflow.contracts.store import Ledger, Results, Salvage, Store
from reflow.errors import StoreError
from reflow.model.records import Acceptance, OldResult
from reflow.testing.store_fixtures import StoreFixtures
from reflow.testing.store_rows import (
    NOW,
    TASKS,
    context,
    entry,
    made_up,
    output,
    result,
    succeeded,
)

KEYS = [(result(index).identity, result(index).output) for index in range(4)]


class RebuildingContract(StoreFixtures):
    """What a store promises to whoever looks after it."""

    def test_a_ledger_may_begin_behind_any_epoch(self, store: Store, directory: str) -> None:
        made = store.create_ledger(directory, "demo-1", "demo", TASKS, NOW, 3 << 40)

        assert made.take_epoch() == (3 << 40) + 1

    def test_a_ledger_comes_in_the_place_of_another(
        self, store: Store, ledger: Ledger, directory: str, beside: str
    ) -> None:
        ledger.apply(succeeded(0), 1)
        ledger.close()
        made = store.create_ledger(beside, "demo-1", "demo", TASKS, NOW)
        made.apply(succeeded(1, 2), made.take_epoch())
        made.close()

        assert store.replace_ledger(directory, beside) is not None
        assert [row.index for row in store.open_ledger(directory).instances("convert")] == [1, 2]

    def test_a_ledger_comes_where_none_is(self, store: Store, directory: str, beside: str) -> None:
        store.create_ledger(beside, "demo-1", "demo", TASKS, NOW).close()

        assert store.replace_ledger(directory, beside) is None
        assert list(store.open_ledger(directory).overview().tasks) == list(TASKS)

    def test_what_was_made_is_told_whether_it_was_published_or_not(
        self, ledger: Ledger, seen: Ledger
    ) -> None:
        ledger.apply(succeeded(1, 0)._replace(published=1), 1)
        waiting = {one.output.index: one for one in ledger.unpublished(9)}

        kept = list(seen.kept("convert"))

        assert [one.output for one in kept] == [output(0), output(1)]
        assert [one.identity for one in kept] == [result(i).identity for i in (0, 1)]
        assert set(waiting.values()) <= set(kept)

    def test_results_are_made_anew_from_what_is_left_of_them(
        self, store: Store, results: Results, other: Store
    ) -> None:
        kept = Acceptance("demo.convert", made_up("old"), made_up("new"), "me", "", NOW)
        results.append(context(), [result(0), result(1)])
        results.invalidate(KEYS[:1], "wrong")
        results.record_run(entry("demo-1"), {made_up("code"): "{}"})
        results.accept([kept])

        def fill(new: Results, old: Salvage) -> None:
            found = list(old.results())
            assert [(row[0], row[1], row[2]) for row in found] == [
                (context(), result(0), "wrong"),
                (context(), result(1), None),
            ]
            assert (old.runs(), old.code(), old.acceptances()) == (
                [entry("demo-1")],
                {made_up("code"): "{}"},
                [kept],
            )
            assert (old.forgotten(), old.lost) == (set(), {})
            new.append(context(), [row[1] for row in found])

        assert store.rebuild_results(fill) is not None
        assert set(other.open_results().find([result(i).identity for i in range(2)])) == {
            result(0).identity,
            result(1).identity,
        }
        assert other.open_results().runs() == []

    def test_results_stay_as_they_were_where_new_ones_cannot_be_filled(
        self, store: Store, results: Results, other: Store
    ) -> None:
        results.append(context(), [result(0)])

        def fill(new: Results, old: Salvage) -> None:
            new.append(context(), [result(1)])
            raise StoreError("not today")

        with pytest.raises(StoreError, match="not today"):
            store.rebuild_results(fill)
        assert set(other.open_results().find([result(i).identity for i in range(2)])) == {result(0).identity}

    def test_of_results_that_never_were_all_is_lost(self, store: Store, other: Store) -> None:
        lost: dict[str, str] = {}

        def fill(new: Results, old: Salvage) -> None:
            assert (list(old.results()), old.runs(), old.forgotten()) == ([], [], set())
            lost.update(old.lost)
            new.record_run(entry("demo-1"))

        assert store.rebuild_results(fill) is None
        assert {"results", "runs", "forgotten"} <= lost.keys()
        assert other.open_results().runs() == [entry("demo-1")]

    def test_figures_say_when_the_first_and_the_last_was_made_in_whatever_order_they_came(
        self, results: Results, found: Results
    ) -> None:
        for index in (2, 0, 1):
            results.append(context(f"demo-{index}"), [result(index)])

        told = found.figures()

        assert (told.oldest, told.newest) == (NOW, NOW + 2)

    def test_figures_say_how_much_there_is(self, results: Results, found: Results) -> None:
        results.append(context(), [result(0), result(1)])
        results.append(context("demo-2", task="finalize"), [result(2)])
        results.invalidate(KEYS[:1], "wrong")
        results.record_run(entry("demo-1"))

        told = found.figures()

        assert (told.results, told.stale, told.runs, told.tasks) == (3, 1, 1, 2)
        assert (told.oldest, told.newest) == (result(0).created, result(2).created)
        assert told.size > 0

    def test_old_results_are_told_oldest_first_and_can_be_removed(
        self, results: Results, found: Results
    ) -> None:
        results.append(context(), [result(index) for index in range(4)])

        old = list(found.old(result(2).created))
        results.remove(old)
        while results.shrink():
            pass

        assert [(one.identity, one.output) for one in old] == KEYS[:2]
        assert {one.run_id for one in old} == {"demo-1"}
        assert set(found.find([key[0] for key in KEYS])) == {key[0] for key in KEYS[2:]}
        with pytest.raises(StoreError, match="any more"):
            list(found.values(KEYS[:1]))

    def test_results_may_be_removed_while_they_come(self, results: Results) -> None:
        results.append(context(), [result(index) for index in range(4)])

        for one in results.old(NOW + 100):
            results.remove([one])

        assert results.figures().results == 0

    def test_runs_can_be_looked_at_right_before_results_are_removed(self, results: Results) -> None:
        results.append(context(), [result(0), result(1)])
        results.record_run(entry("demo-1"))
        seen: list[str] = []

        def told() -> Iterator[OldResult]:
            seen.extend(run.run_id for run in results.runs())
            yield old[0]

        old = list(results.old(NOW + 100))
        results.remove(told())

        assert seen == ["demo-1"]
        assert list(results.old(NOW + 100)) == old[1:]

    def test_of_stale_results_that_were_removed_it_is_known_that_they_were_stale(
        self, store: Store, results: Results
    ) -> None:
        results.append(context(), [result(0), result(1)])
        results.invalidate(KEYS[:1], "wrong")
        results.remove(list(results.old(NOW + 100)))
        told = []

        store.rebuild_results(lambda new, old: told.append(old.forgotten()))

        assert told == [{KEYS[0]}]
