"""The promises of results about what is stale, a test each."""

from __future__ import annotations

from reflow.contracts.store import Results
from reflow.testing.store_fixtures import StoreFixtures
from reflow.testing.store_rows import NOW, context, made_up, result


class StaleContract(StoreFixtures):
    """What results promise of those that are marked as stale."""

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

    def test_what_is_stale_is_told_with_the_reason(self, results: Results, found: Results) -> None:
        results.append(context(), [result(0)])
        results.invalidate([(result(0).identity, result(0).output)], "a.nc is gone")

        assert [row.stale for row in found.earlier("demo.convert", 0, NOW + 100)] == ["a.nc is gone"]

    def test_what_somebody_took_for_good_under_other_identities_is_stale_with_what_it_was_made_as(
        self, results: Results, found: Results
    ) -> None:
        made = result(0)
        again = [made._replace(identity=made_up("identity", number)) for number in range(2)]
        results.append(context(code=made_up("then")), [made, result(1)])
        results.append_all([(context(code=made_up("now", row.identity)), [row]) for row in again])
        results.append(context("demo-2"), [result(0, value="7")._replace(identity=again[0].identity)])

        results.invalidate([(again[1].identity, made.output)], "wrong")

        left = found.find([made.identity, result(1).identity, *(row.identity for row in again)])
        assert {row.run_id: row.identity for row in left.values()} == {
            "demo-1": result(1).identity,
            "demo-2": again[0].identity,
        }
        assert list(found.made_by("demo.convert", {made_up("then")})) == [
            (context(code=made_up("then")), result(1))
        ]
