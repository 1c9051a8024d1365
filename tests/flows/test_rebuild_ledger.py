"""A ledger that is damaged is made anew from what lies in the directory of its run, as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from reflow.compose.runs import open_run
from reflow.config.settings import load_settings
from reflow.errors import Fenced, OutOfReach, StoreDamaged, UsageError
from reflow.model.records import Changes
from reflow.model.states import RunState
from reflow.run.drive import drive
from reflow.run.hold import held
from reflow.run.invalidate import forget, to_forget
from reflow.run.logs import log_slices, log_text
from reflow.run.rebuild_ledger import GENERATION, ledger_trouble, rebuild_ledger
from reflow.run.release import release
from reflow.run.results import results
from reflow.rundir.control import Scope


class Opened:
    """A run of a lab as the code that rebuilds sees it, and how its user types commands for it."""

    def __init__(self, lab, seen):
        self.lab = lab
        self.seen = seen
        with lab.home():
            settings = load_settings(None, {"store.url": lab.store})
            self.run = open_run(seen.run.id, run_dir=str(seen.run_dir), settings=settings)

    @property
    def ledger(self) -> str:
        return os.path.join(self.run.paths.root, "ledger.db")

    def damage(self) -> None:
        self.run.close()
        Path(self.ledger).write_bytes(b"not a database" * 99)

    def rebuild(self):
        with self.lab.home():
            return rebuild_ledger(self.run)

    def states(self):
        """Return all that is said of instances, attempts and outputs; times and numbers of rows are left out."""
        self.run.close()
        overview = self.run.ledger.overview()
        rows = [
            row._replace(tries=None) for name in overview.tasks for row in self.run.ledger.instances(name)
        ]
        values = {name: list(self.run.ledger.values(name)) for name in overview.tasks}
        return overview.state, overview.tasks, overview.counts, rows, values, self.run.ledger.attempts()


@pytest.fixture(params=["inline"])
def executor(request):
    return request.param


@pytest.fixture
def opened():
    """Open runs, and close them at the end."""
    with contextlib.ExitStack() as stack:

        def open_(lab, seen):
            found = Opened(lab, seen)
            stack.callback(found.run.close)
            return found

        yield open_


@pytest.fixture
def broken(lab, flows, opened):
    """A run in which some failed, were skipped, and were retried in vain."""
    run_dir = lab.new_run_dir()
    run_dir.mkdir()
    for name in ("b", "d", "alone"):
        (run_dir / f"broken {name}").touch()
    wf = flows("mending").wf
    seen = lab.submit(wf, run_dir=run_dir, names=["a", "b", "c", "d"])
    (run_dir / "broken b").unlink()
    lab.retry_all([seen])
    return opened(lab, seen)


@pytest.mark.parametrize("executor", ["local", "inline"], indirect=True)
def test_a_rebuilt_ledger_says_what_the_damaged_one_said(broken):
    before = broken.states()
    broken.damage()

    done = broken.rebuild()

    assert broken.states() == before
    assert done.state is before[0] is RunState.FAILED
    assert Path(done.aside).read_bytes().startswith(b"not a database")


def test_what_took_the_result_of_its_equal_after_a_retry_is_no_failure_in_a_rebuilt_ledger(
    lab, flows, opened
):
    seen = lab.submit(flows("reuse").second_try)
    assert seen.states["fails_first"] == "1 failed, 1 succeeded"
    lab.retry_all([seen])
    run = opened(lab, seen)
    before = run.states()
    assert seen.states["fails_first"] == "1 reused, 1 succeeded"
    run.damage()

    assert run.rebuild().state is RunState.SUCCEEDED
    assert run.states()[:3] == before[:3]
    assert results(run.run, "fails_first") == {0: "A", 1: "A"}


def test_logs_are_found_in_a_rebuilt_ledger(broken):
    def logs():
        return [log_text(found) for found in log_slices(broken.run)]

    before = logs()
    broken.damage()
    broken.rebuild()

    assert logs() == before


def test_a_rebuilt_run_is_retried_like_any_other(broken):
    broken.damage()
    broken.rebuild()
    for name in ("d", "alone"):
        (broken.seen.run_dir / f"broken {name}").unlink()
    calls = broken.seen.calls

    broken.lab.retry_all([broken.seen])

    assert "b" not in broken.seen.calls[len(calls) :]
    assert broken.seen.states["each"] == "4 succeeded"
    assert broken.seen.states["total"] == "1 succeeded"


@pytest.mark.parametrize("executor", ["local", "inline"], indirect=True)
def test_a_run_goes_on_of_which_only_control_was_left(broken):
    """What its submissions are numbered by is gone with their directories, and what retries opened is not."""
    broken.damage()
    shutil.rmtree(broken.run.paths.jobs)
    os.mkdir(broken.run.paths.jobs, 0o700)
    assert broken.rebuild().state is RunState.HELD
    for name in ("d", "alone"):
        (broken.seen.run_dir / f"broken {name}").unlink()

    with broken.lab.home():
        release(broken.run)
        drive(broken.run)

    assert broken.seen.states["each"] == "3 reused, 1 succeeded"
    assert broken.seen.states["alone"] == broken.seen.states["total"] == "1 succeeded"


def test_a_ledger_that_was_deleted_is_named_and_made_anew(broken):
    before = broken.states()
    broken.run.close()
    os.unlink(broken.ledger)

    with pytest.raises(StoreDamaged, match="reflow store rebuild"):
        broken.run.ledger  # noqa: B018
    assert ledger_trouble(broken.run) is not None
    assert broken.rebuild().aside is None
    assert broken.states() == before


def test_a_sound_ledger_has_no_trouble(broken):
    assert ledger_trouble(broken.run) is None


def test_what_was_reused_is_reused_in_a_rebuilt_ledger(lab, flows, opened):
    wf = flows("mending").wf
    lab.submit(wf, names=["a", "b", "c"])
    again = opened(lab, lab.submit(wf, names=["a", "b", "c"]))
    before = again.states()
    again.damage()

    again.rebuild()

    assert again.states() == before
    assert before[0] is RunState.SUCCEEDED


def test_a_forced_run_is_rebuilt_from_its_own_outcomes(lab, flows, opened):
    wf = flows("mending").wf
    lab.submit(wf, names=["a", "b", "c"])
    forced = opened(lab, lab.submit(wf, names=["a", "b"], force=True))
    before = forced.states()
    forced.damage()

    forced.rebuild()

    assert forced.states() == before
    assert not any("reused" in told for told in forced.seen.states.values())


@pytest.fixture
def held_run(lab, flows, opened):
    """A rebuilt run that is held, since what it had reused was forgotten."""
    wf = flows("mending").wf
    first = opened(lab, lab.submit(wf, names=["a", "b", "c"]))
    again = opened(lab, lab.submit(wf, names=["a", "b", "c"]))
    forget(first.run, to_forget(first.run, [Scope()]))
    again.damage()
    assert again.rebuild().state is RunState.HELD
    return again


def test_what_is_reused_and_not_in_the_results_any_more_waits_for_its_user(held_run):
    assert held_run.run.ledger.overview().state is RunState.HELD


def test_nothing_moves_in_a_held_run_until_its_user_says_so(held_run):
    lab, seen = held_run.lab, held_run.seen
    before = seen.calls
    with lab.home():
        told = seen.run.status(as_dict=True)
        with pytest.raises(UsageError, match="reflow advance"):
            seen.run.retry()
        with pytest.raises(OutOfReach, match="reflow advance"):
            seen.run.wait(5)

    assert told["state"] == "held"
    assert any("reflow advance" in message for message in told["messages"])
    assert seen.calls == before


def test_a_held_run_goes_on_when_its_user_says_so(held_run):
    with held_run.lab.home():
        release(held_run.run)
        assert drive(held_run.run) is RunState.SUCCEEDED
    assert results(held_run.run, "total")


def test_a_held_run_can_be_cancelled(held_run):
    before = held_run.seen.calls
    with held_run.lab.home():
        held_run.seen.run.cancel()

    assert held_run.seen.state == "cancelled"
    assert held_run.seen.calls == before


def test_a_run_that_was_cancelled_is_cancelled_in_a_rebuilt_ledger(held_run):
    with held_run.lab.home():
        held_run.seen.run.cancel()
    before = held_run.states()
    held_run.damage()

    held_run.rebuild()

    assert held_run.states()[:3] == before[:3]


def test_coordinators_of_before_can_write_no_more(broken):
    with held(broken.run) as before:
        broken.damage()
        shutil.rmtree(os.path.join(broken.run.paths.control, "lease"), ignore_errors=True)
        os.unlink(os.path.join(broken.run.paths.control, "lease"))  # as whoever takes it for dead does
        broken.rebuild()

        assert before.epoch < GENERATION < broken.run.ledger.overview().epoch
        with contextlib.closing(broken.run.open_ledger_to_write()) as ledger, pytest.raises(Fenced):
            ledger.apply(Changes(run=RunState.RUNNING), before.epoch)


def test_a_second_rebuild_fences_the_first(broken):
    epochs = []
    for _ in range(2):
        broken.damage()
        broken.rebuild()
        epochs.append(broken.run.ledger.overview().epoch)
        broken.run.close()

    assert epochs[1] - epochs[0] == GENERATION


def test_a_ledger_is_not_rebuilt_while_its_run_is_advanced(broken):
    with held(broken.run), pytest.raises(OutOfReach, match="is being advanced by process"):
        broken.rebuild()


def test_an_outcome_of_other_inputs_is_not_taken(broken):
    for payload in Path(broken.run.paths.jobs).glob("*/payload.jsonl"):
        lines = payload.read_bytes().splitlines(keepends=True)
        payload.write_bytes(b"".join(map(_with_another_identity, lines)))
    broken.damage()

    assert broken.rebuild().state is RunState.HELD
    overview = broken.run.ledger.overview()
    assert not any("succeeded" in str(state) for counts in overview.counts.values() for state in counts)


def _with_another_identity(line: bytes) -> bytes:
    end = line.rindex(b'"]')
    return line[: end - 64] + bytes(reversed(line[end - 64 : end])) + line[end:]


@pytest.mark.parametrize(
    "what", ["outcomes.jsonl", "payload.jsonl", "request.json", "receipt.json", "shared.json"]
)
def test_whatever_else_is_damaged_no_value_is_a_wrong_one(broken, what):
    before = {row[:2]: row for row in broken.states()[3]}
    for place in sorted(Path(broken.run.paths.jobs).iterdir())[:2]:
        path = place / what
        data = bytearray(path.read_bytes())
        for at in range(len(data) // 3, len(data), 97):
            data[at] ^= 1
        path.write_bytes(bytes(data))
    broken.damage()

    broken.rebuild()

    for row in broken.states()[3]:
        if row.output is not None and before[row[:2]].identity == row.identity:
            assert row.output == before[row[:2]].output
