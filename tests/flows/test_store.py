"""`reflow store` removes what nobody points at, says what it holds, and brings nothing back that was invalidated."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest

import reflow.run.gc
from reflow.compose.runs import open_run
from reflow.config.settings import load_settings
from reflow.model.records import Changes
from reflow.model.states import InstanceState, RunState
from reflow.run.hold import held
from reflow.run.shared_results import SharedResults

NAMES = ["a", "b", "c"]
ALL = ["--older-than", "0", "--yes"]


class User:
    """A user in a lab who types commands of `reflow`."""

    def __init__(self, lab, wf, capsys):
        self.lab, self.wf, self.capsys = lab, wf, capsys

    def submit(self, **given):
        return self.lab.submit(self.wf, names=NAMES, **given)

    def type(self, *words: str) -> tuple[int, str, str]:
        return self.lab.type(self.capsys, *words)

    def figures(self):
        return json.loads(self.type("store", "info", "--json")[1])

    def opened(self, seen):
        settings = load_settings(None, {"store.url": self.lab.store})
        return open_run(seen.run.id, run_dir=str(seen.run_dir), settings=settings)


@pytest.fixture
def user(tmp_path, labs, flows, capsys):
    return User(labs(tmp_path, "inline"), flows("mending").wf, capsys)


def test_info_says_how_much_there_is(user):
    user.submit()
    user.submit()

    told = user.figures()
    assert (told["results"], told["tasks"], told["stale"], told["runs"]) == (12, 6, 0, 2)
    assert told["oldest"] <= told["newest"]
    assert user.type("store", "info")[1].startswith("  address  ")


def test_a_store_that_was_never_used_holds_nothing(user):
    assert user.figures()["results"] == 0


def test_without_an_action_there_is_help(user):
    code, out, _ = user.type("store")

    assert (code, "rebuild" in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gcc"], "did you mean 'gc'"),
        (["info", "--trust"], "takes no --trust"),
        (["gc", "demo-1"], "takes no RUN"),
        (["rebuild", "a", "b"], "takes one run"),
        (["gc", "--older-than", "-3"], "no whole number"),
    ],
)
def test_what_does_not_go_together_is_refused(user, words, told):
    code, _, err = user.type("store", *words)

    assert (code, told in err) == (2, True), err


def test_what_is_young_is_kept(user):
    user.submit()
    before = user.figures()

    code, _, err = user.type("store", "gc", "--yes")

    assert (code, user.figures()) == (0, before)
    assert "nothing is older than 30 days" in err


@pytest.fixture
def two_months_ago(monkeypatch):
    """Have it be two months earlier for the length of a ``with``."""

    @contextlib.contextmanager
    def earlier():
        real = time.time_ns
        with monkeypatch.context() as patch:
            patch.setattr(time, "time_ns", lambda: real() - 60 * 86_400 * 10**9)
            yield

    return earlier


def test_what_is_old_is_kept_as_far_as_a_run_of_late_took_it_and_no_further(user, two_months_ago):
    with two_months_ago():
        user.submit()
        user.lab.submit(user.wf, names=["d", "e", "f"])
    seen = user.submit()
    assert seen.states["each"] == "3 reused"
    before = user.type("results", seen.run.id, "--json")

    code, out, _ = user.type("store", "gc", "--older-than", "30", "--yes", "--json")

    assert code == 0
    assert (json.loads(out)["runs"]["count"], json.loads(out)["results"]["count"]) == (2, 11)
    assert user.type("results", seen.run.id, "--json") == before
    assert user.submit().states["each"] == "3 reused"
    assert user.lab.submit(user.wf, names=["d", "e", "f"]).states["each"] == "3 succeeded"


def test_nothing_is_removed_unasked(user):
    user.submit()
    before = user.figures()

    code, _, err = user.type("store", "gc", "--older-than", "0")

    assert (code, user.figures()) == (2, before)
    assert "remove 12 results" in err
    assert "outcomes of 1 run" in err


def test_of_a_run_that_gc_went_over_status_and_results_are_left(user):
    seen = user.submit()
    before = {command: user.type(command, seen.run.id, "--json")[:2] for command in ("status", "results")}

    code, out, _ = user.type("store", "gc", *ALL, "--json")

    assert code == 0
    assert json.loads(out)["results"]["count"] == 12
    assert json.loads(out)["runs"]["count"] == 1
    assert {command: user.type(command, seen.run.id, "--json")[:2] for command in before} == before
    assert (
        "reflow store gc removed it" in user.type("logs", seen.run.id)[2] + user.type("logs", seen.run.id)[1]
    )
    assert user.figures()["results"] == 0
    again = user.submit()
    assert again.states["each"] == "3 succeeded"


def test_what_a_run_reused_and_gc_removed_is_said_in_words(user):
    user.submit()
    seen = user.submit()
    user.type("store", "gc", *ALL)

    code, _, err = user.type("results", seen.run.id)

    assert code == 3
    assert "any more (reflow store gc removes old ones, a new submit makes them again)" in err
    assert user.type("status", seen.run.id)[0] == user.type("why", seen.run.id)[0] == 0


def test_a_retry_of_a_run_that_gc_went_over_runs_what_it_needs(user):
    user.submit()
    run_dir = user.lab.new_run_dir()
    run_dir.mkdir()
    (run_dir / "broken total").touch()
    seen = user.submit(run_dir=run_dir, force_tasks=["total"])
    user.type("store", "gc", *ALL)
    (run_dir / "broken total").unlink()

    user.lab.retry_all([seen])

    assert seen.state == "succeeded"
    assert seen.result("total") == "A!B!C!"
    (told,) = [m for m in seen.run.status(as_dict=True)["messages"] if m.startswith("each: ")]
    assert "submit again" not in told  # which a retry makes needless


def _meanwhile(monkeypatch, act):
    """Have something happen once gc has looked at all runs, right before it removes results."""
    real = reflow.run.gc.remove_unused

    def remove_unused(*given):
        act()
        return real(*given)

    monkeypatch.setattr(reflow.run.gc, "remove_unused", remove_unused)


def test_what_a_run_takes_that_is_submitted_while_gc_is_at_work_is_kept(user, monkeypatch):
    user.submit()
    meanwhile = []
    _meanwhile(monkeypatch, lambda: meanwhile.append(user.submit()))

    assert user.type("store", "gc", *ALL)[0] == 0

    (seen,) = meanwhile
    assert seen.states["each"] == "3 reused"
    assert user.type("results", seen.run.id)[0] == 0
    assert user.submit().states["each"] == "3 reused"


def test_what_a_run_takes_that_is_not_over_while_gc_is_at_work_is_kept(user, monkeypatch):
    user.submit()
    seen = user.submit()
    run = user.opened(seen)
    reused = run.ledger.instances("each")
    pending = [row._replace(state=InstanceState.PENDING, output=None) for row in reused]
    _write(user, run, Changes(run=RunState.RUNNING, instances=pending))
    _meanwhile(monkeypatch, lambda: _write(user, run, Changes(instances=reused)))

    user.type("store", "gc", *ALL)

    assert user.submit().states["each"] == "3 reused"
    run.close()


def _write(user, run, changes):
    with user.lab.home(), held(run) as hold:
        hold.apply(changes)


def test_nothing_is_removed_when_a_run_cannot_be_read_that_is_listed_while_gc_is_at_work(user, monkeypatch):
    user.submit()

    def submitted():
        seen = user.submit()
        (seen.run_dir / ".reflow" / seen.run.id / "ledger.db").write_bytes(b"no ledger")

    _meanwhile(monkeypatch, submitted)

    user.type("store", "gc", *ALL)

    assert user.figures()["results"] == 12


@pytest.fixture
def broken(tmp_path, labs, flows, capsys):
    """A user of resident workers, a run of theirs of which one task failed and was mended, and what gc has left."""
    user = User(labs(tmp_path, "local"), flows("mending").wf, capsys)
    run_dir = user.lab.new_run_dir()
    run_dir.mkdir()
    (run_dir / "broken total").touch()
    seen = user.submit(run_dir=run_dir)
    user.type("store", "gc", *ALL)
    (run_dir / "broken total").unlink()
    assert seen.states["total"] == "1 failed"
    return user, seen


def test_a_retry_with_resident_workers_makes_the_folder_of_logs_that_gc_removed(broken):
    user, seen = broken

    user.lab.retry_all([seen])

    assert seen.result("total") == "A!B!C!"


def test_a_retry_on_the_command_line_makes_it_too(broken):
    user, seen = broken

    code, _, err = user.type("retry", seen.run.id)

    assert code == 0, err
    assert seen.result("total") == "A!B!C!"


def test_a_ledger_that_is_rebuilt_after_gc_goes_on_without_logs(broken):
    user, seen = broken
    (seen.run_dir / ".reflow" / seen.run.id / "ledger.db").write_bytes(b"no ledger")
    assert user.type("store", "rebuild", seen.run.id)[0] == 0

    code, _, err = user.type("advance", seen.run.id)

    assert code == 0, err
    assert user.lab.seen(user.wf, seen.run_dir).result("total") == "A!B!C!"


def test_a_run_that_is_not_over_keeps_what_it_points_at_and_its_files(user):
    user.submit()
    seen = user.submit()
    run = user.opened(seen)
    with user.lab.home(), held(run) as hold:
        hold.apply(Changes(run=RunState.RUNNING))
    run.close()
    files = sorted(Path(run.paths.jobs).rglob("*"))

    user.type("store", "gc", *ALL)

    assert user.figures()["results"] == 12
    assert sorted(Path(run.paths.jobs).rglob("*")) == files


def test_a_run_that_somebody_holds_is_left_alone(user):
    seen = user.submit()
    run = user.opened(seen)
    with user.lab.home(), held(run):
        code, out, _ = user.type("store", "gc", *ALL, "--json")

    assert code == 0
    assert json.loads(out)["runs"]["count"] == 0
    assert os.listdir(run.paths.jobs)
    run.close()


def test_a_run_that_cannot_be_read_keeps_all_results(user):
    seen = user.submit()
    (seen.run_dir / ".reflow" / seen.run.id / "ledger.db").write_bytes(b"no ledger")

    code, _, err = user.type("store", "gc", *ALL)

    assert (code, user.figures()["results"]) == (0, 12)
    assert f"run {seen.run.id} cannot be read" in err
    assert "--gone DIR" in err


def test_a_run_that_was_deleted_from_among_others_points_at_nothing(user):
    seen = user.submit()
    user.submit(run_dir=seen.run_dir, force=True)
    shutil.rmtree(seen.run_dir / ".reflow" / seen.run.id)

    user.type("store", "gc", *ALL)

    assert user.figures()["results"] == 0


def test_a_run_whose_submit_was_killed_before_it_was_there_points_at_nothing(user, two_months_ago):
    with two_months_ago():
        seen = user.submit()
    (seen.run_dir / ".reflow" / seen.run.id / "run.json").unlink()  # which is written last

    user.type("store", "gc", *ALL)

    assert user.figures()["results"] == 0


def test_a_run_that_is_being_made_may_point_at_anything(user):
    seen = user.submit()
    (seen.run_dir / ".reflow" / seen.run.id / "run.json").unlink()

    user.type("store", "gc", *ALL)

    assert user.figures()["results"] == 12


@pytest.mark.parametrize("left", ["nothing", ".reflow"])
def test_a_run_directory_that_is_empty_is_in_doubt_since_what_is_mounted_there_may_be_missing(user, left):
    seen = user.submit()
    shutil.rmtree(seen.run_dir)
    seen.run_dir.mkdir()
    if left != "nothing":
        (seen.run_dir / left).mkdir()

    _, _, err = user.type("store", "gc", *ALL)

    assert user.figures()["results"] == 12
    assert f"run {seen.run.id} cannot be read" in err
    user.type("store", "gc", *ALL, "--gone", str(seen.run_dir))
    assert user.figures()["results"] == 0


def test_a_run_directory_that_is_not_there_is_in_doubt_until_its_user_says_that_it_is_gone(user):
    seen = user.submit()
    shutil.rmtree(seen.run_dir)

    user.type("store", "gc", *ALL)
    assert user.figures()["results"] == 12
    user.type("store", "gc", *ALL, "--gone", str(seen.run_dir))
    assert user.figures()["results"] == 0


def test_a_gc_that_was_killed_goes_on(user, monkeypatch):
    seen = user.submit()
    from reflow.rundir import collected

    def killed(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(collected, "remove_directory", killed)
        user.type("store", "gc", *ALL)
    jobs = seen.run_dir / ".reflow" / seen.run.id / "jobs"
    assert jobs.exists()

    user.type("store", "gc", *ALL)

    assert not jobs.exists()


def test_what_was_invalidated_does_not_come_back_with_a_rebuild(user):
    seen = user.submit()
    user.type("invalidate", seen.run.id, "first", "--yes")

    code, _, err = user.type("store", "rebuild")

    assert code == 0, err
    assert user.figures()["stale"] == 11
    assert user.submit().states["each"] == "3 succeeded"


def test_what_was_invalidated_and_removed_does_not_come_back_either(user):
    seen = user.submit()
    user.type("invalidate", seen.run.id, "first", "--yes")
    user.type("store", "gc", *ALL)

    user.type("store", "rebuild")

    assert user.submit().states["first"] == "1 succeeded"


def test_where_nobody_can_tell_what_was_invalidated_all_runs_again(user):
    seen = user.submit()
    Path(user.lab.store).write_bytes(b"no store at all")

    code, _, err = user.type("store", "rebuild", "--run-dir", str(seen.run_dir))

    assert code == 0
    assert "are not reused" in err.replace("\n", " ")
    assert user.type("runs", "-q")[1].split() == [seen.run.id]
    assert user.submit().states["each"] == "3 succeeded"


def test_what_was_in_doubt_is_no_less_so_when_a_rebuild_is_made_in_two_steps(user):
    seen = user.submit()
    user.type("invalidate", seen.run.id, "each", "--run-dir", str(seen.run_dir), "--yes")
    Path(user.lab.store).write_bytes(b"no store at all")

    _, _, empty = user.type("store", "rebuild")
    _, _, filled = user.type("store", "rebuild", "--run-dir", str(seen.run_dir))

    assert "name run directories" in empty.replace("\n", " ")
    assert "are not reused" in filled.replace("\n", " ")
    assert user.submit().states["each"] == "3 succeeded"


def test_a_rebuild_of_a_store_that_is_sound_keeps_all_of_it(user):
    user.submit()

    _, _, told = user.type("store", "rebuild")

    assert "the store as it was is kept as" in told
    assert user.submit().states["each"] == "3 reused"


def test_what_a_run_has_not_handed_over_yet_is_in_no_doubt(user, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(SharedResults, "append", lambda *_: False)
        user.submit()
    assert user.figures()["results"] == 0

    _, _, told = user.type("store", "rebuild")

    assert "12 came from the ledgers of 1 run" in told.replace("\n", " ")
    assert "are not reused" not in told.replace("\n", " ")
    assert user.submit().states["each"] == "3 reused"


def test_a_user_who_knows_that_nothing_was_invalidated_says_so(user):
    seen = user.submit()
    Path(user.lab.store).write_bytes(b"no store at all")
    user.type("store", "rebuild", "--run-dir", str(seen.run_dir))

    user.type("store", "rebuild", "--run-dir", str(seen.run_dir), "--trust")

    assert user.submit().states["each"] == "3 reused"


def test_what_was_accepted_is_still_accepted_after_a_rebuild(user):
    from reflow.plugin import Acceptance
    from reflow_sqlite import SqliteStore

    kept = Acceptance("mending.first", b"1" * 32, b"2" * 32, "me", "only renamed", 7)
    user.submit()
    SqliteStore(user.lab.store).open_results(write=True).accept([kept])

    user.type("store", "rebuild")

    assert SqliteStore(user.lab.store).open_results().acceptances("mending.first") == [kept]


def test_results_of_tasks_that_can_be_read_are_shown_beside_those_that_cannot(user):
    user.submit()
    again = user.submit()  # reuses all but what is made anew in each run
    where = (again.run.id, "--run-dir", str(again.run_dir))
    Path(user.lab.store).unlink()

    code, out, err = user.type("results", *where)

    assert (code, out) == (3, "lengths  [1, 2, 3]\n")
    assert "first: " in err
    assert user.type("results", *where, "--json")[:2] == (3, "")


def test_a_rebuild_takes_runs_in_the_order_in_which_they_were_submitted(user):
    one, two = (user.lab.submit(user.wf, names=[name]) for name in "ab")
    for file in Path(user.lab.store).parent.glob(f"{Path(user.lab.store).name}*"):
        file.unlink()
    user.type("store", "rebuild", "--run-dir", str(two.run_dir), "--run-dir", str(one.run_dir))
    last = user.lab.submit(user.wf, names=["c"])

    _, told, _ = user.type("why", last.run.id, "first")

    assert two.run.id in told
    assert one.run.id not in told
