"""The commands on a real run: one that failed, one that goes on, one that succeeded."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import NamedTuple

import pytest

FLOW = """
    from typing import Annotated
    import os, time
    from reflow import Param, Result, Workflow

    wf = Workflow("demo")

    @wf.job(cache=False)
    def prepare(n: int = 3) -> list[int]:
        return list(range(n))

    @wf.array_job(cache=False)
    def convert(i: Annotated[int, Result(step="prepare")], bad: int = 1, delay: float = 0.0) -> float:
        print("working on", i, flush=True)
        ends = time.monotonic() + delay
        while time.monotonic() < ends and not os.path.exists("go"):
            time.sleep(0.01)
        if i == bad:
            raise ValueError(f"cannot do {i}")
        return i / 2

    @wf.job(cache=False)
    def finalize(halves: Annotated[list[float], Result(step="convert")]) -> float:
        return sum(halves)

    if __name__ == "__main__":
        raise SystemExit(wf.cli())
"""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    said: str
    wrong: str

    @property
    def json(self):
        return json.loads(self.said)


class Place:
    """A directory with a flow and a store, where commands are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "flow.py").write_text(textwrap.dedent(FLOW))
        self.environ = {
            **os.environ,
            "REFLOW_STORE": str(folder / "store.db"),
            "XDG_CONFIG_HOME": str(folder),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environ,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def flow(self, *words: str) -> Done:
        return self._end(self.start("flow.py", *words))

    def reflow(self, *words: str) -> Done:
        return self._end(self.start("-m", "reflow", *words))

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> Done:
        said, wrong = process.communicate(timeout=60)
        assert "Traceback" not in wrong, wrong
        return Done(process.returncode, said, wrong)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Done]:
    """A place with one run, which failed."""
    place = Place(tmp_path_factory.mktemp("failed"))
    return place, place.flow("submit")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_foreground_submit_ends_with_the_runs_exit_code(failed):
    _, done = failed

    assert done.code == 1
    assert "FAILED" in done.said
    assert "convert[1]  ValueError: cannot do 1" in done.said
    assert "logs demo-" in done.said


def test_progress_goes_to_stderr_a_line_per_change(failed):
    _, done = failed

    assert "prepare succeeded (1 instance)" in done.wrong
    assert "convert[1] failed: ValueError: cannot do 1" in done.wrong


def test_status_is_the_same_for_the_script_and_for_reflow(failed):
    place, _ = failed
    shown = place.flow("status", "--json").json

    assert place.reflow("status", shown["run_id"], "--json").json == shown
    assert place.reflow("status", "@last", "--json").json == shown
    assert place.reflow("status", shown["run_id"][-8:], "--json").json == shown
    assert shown["state"] == "failed"
    assert shown["tasks"]["convert"]["counts"] == {"succeeded": 2, "failed": 1}


def test_status_says_with_its_exit_code_how_a_run_ended_only_when_asked(failed):
    place, _ = failed

    assert place.flow("status").code == 0
    assert place.flow("status", "--exit-code").code == 1


def test_status_of_a_task_lists_its_instances(failed):
    place, _ = failed

    rows = place.flow("status", "convert", "--json").json
    assert [(row["index"], row["state"]) for row in rows] == [
        (0, "succeeded"),
        (1, "failed"),
        (2, "succeeded"),
    ]
    assert [row["index"] for row in place.flow("status", "convert[failed]", "--json").json] == [1]
    assert place.flow("status", "convert[0,2]", "-q").said.split() == ["convert[0]", "convert[2]"]


@pytest.mark.parametrize("command", ["status", "wait", "runs"])
def test_quiet_prints_the_id_alone(failed, command):
    place, _ = failed
    run_id = place.flow("status", "--json").json["run_id"]

    assert place.flow(command, "-q").said == f"{run_id}\n"


def test_run_dir_finds_a_run_without_the_users_store(failed, tmp_path):
    place, _ = failed
    run_dir = place.folder / "runs" / "demo"
    place = Place(tmp_path)
    (tmp_path / "store.db").write_text("this is no store")

    assert place.flow("status", "--run-dir", str(run_dir), "--json").json["state"] == "failed"
    assert place.flow("runs", "--run-dir", str(run_dir), "-q").said.startswith("demo-")
    assert place.flow("runs").code == 3


def test_results_are_printed_as_far_as_there_are_any(failed):
    place, _ = failed

    assert place.flow("results").said.splitlines() == [
        "prepare  [0, 1, 2]",
        "convert[0]  0.0",
        "convert[2]  1.0",
    ]
    assert place.flow("results", "--json").json == {
        "prepare": [0, 1, 2],
        "convert": [0.0, None, 1.0],
        "finalize": None,
    }
    assert place.flow("results", "convert[2]").said == "convert[2]  1.0\n"


def test_logs_without_a_selector_are_those_of_what_failed(failed):
    place, _ = failed

    done = place.flow("logs")

    assert done.said.startswith("working on 1\n")
    assert 'raise ValueError(f"cannot do {i}")' in done.said
    assert "== convert[1]" in done.wrong


def test_what_is_not_there_of_a_run_that_is_over_is_not_said_to_come(failed):
    place, _ = failed

    assert "yet" not in place.flow("results", "finalize").wrong
    assert re.search(
        r"no results of that in run demo-\S+ \(failed\)", place.flow("results", "finalize").wrong
    )


def test_what_went_well_has_no_log_of_a_failure_and_is_not_said_to_have_logged_nothing(failed):
    place, _ = failed

    assert "nothing of that was begun and has failed" in place.flow("logs", "--failed", "convert[0]").wrong


def test_a_task_without_instances_is_told_beside_the_instances_of_others(failed):
    place, _ = failed

    *_, last = place.flow("status", "convert[1]", "finalize").said.splitlines()

    assert last.startswith("⊘ finalize skipped")


def test_a_workflow_without_a_run_is_named_where_others_have_some(failed):
    place, _ = failed
    (place.folder / "other.py").write_text(
        (place.folder / "flow.py").read_text().replace('"demo"', '"other"')
    )

    told = place._end(place.start("other.py", "status"))

    assert (told.code, told.said) == (4, "")
    assert told.wrong.startswith("error: there is no run of other yet in ")


def test_a_number_of_runs_holds_for_those_of_whatever_workflow_too(place):
    for _ in range(2):
        place.flow("submit", "-q", "--n", "0")

    assert len(place.flow("runs", "--all", "-q", "-n", "1").said.split()) == 1
    assert len(place.flow("runs", "--all", "-q").said.split()) == 2


def test_logs_of_an_instance_are_its_own(failed):
    place, _ = failed

    assert place.flow("logs", "convert[2]").said == "working on 2\n"
    (path,) = place.flow("logs", "convert[2]", "--path").said.split()
    assert "working on 2" in Path(path).read_text()


def test_a_dag_and_the_manifest_are_known_of_a_run_without_its_flow(failed):
    place, _ = failed

    assert "convert" in place.reflow("dag", "@last").said
    assert place.reflow("describe", "@last").json["workflow"] == "demo"


@pytest.mark.parametrize(
    "words", [["status", "convert[x]"], ["logs", "nowhere[1]"], ["results", "a", "b"]], ids=str
)
def test_a_word_that_means_nothing_is_answered_in_words(failed, words):
    place, _ = failed

    done = place.flow(*words)

    assert done.code in (2, 4)
    assert done.wrong.startswith("error: ")


def test_cancel_without_a_run_needs_an_active_one(failed):
    place, _ = failed

    done = place.flow("cancel")

    assert (done.code, done.said) == (4, "")
    assert "no run of demo is active" in done.wrong


def test_a_succeeded_run_is_retried_without_changing_anything(place):
    assert place.flow("submit", "--bad", "-1", "-q").code == 0
    before = place.flow("status", "--json").said

    done = place.flow("retry")

    assert done.code == 0
    assert "nothing was changed" in done.wrong
    assert place.flow("status", "--json").said == before


def test_submit_as_json_is_the_status_of_the_end(place):
    done = place.flow("submit", "--bad", "-1", "--json")

    assert done.json["state"] == "succeeded"
    assert "next:" not in done.said


def test_a_dry_run_leaves_nothing_behind(place):
    before = sorted(place.folder.rglob("*"))

    done = place.flow("submit", "--dry-run", "--json")

    assert done.code == 0
    assert done.json["tasks"]["prepare"]["run"] == 1
    place.environ["REFLOW_MODE"] = "dry-run"
    assert "would submit" in place.flow("submit").said
    assert [path for path in sorted(place.folder.rglob("*")) if "__pycache__" not in str(path)] == before


def test_detached_a_run_goes_on_and_can_be_cancelled_and_retried(place):
    run_id = place.flow("submit", "--detach", "-q", "--bad", "-1", "--delay", "60").said.strip()
    assert run_id.startswith("demo-")

    assert place.flow("cancel").code == 0
    assert place.flow("wait").code == 1
    assert place.flow("status", "--json").json["state"] == "cancelled"

    (place.folder / "go").touch()
    done = place.flow("retry", run_id)

    assert done.code == 0
    assert "SUCCEEDED" in done.said


def test_logs_of_what_goes_on_are_there_before_it_ends(place):
    place.flow("submit", "--detach", "-q", "--bad", "-1", "--delay", "60")
    deadline = time.monotonic() + 30.0
    while not (done := place.flow("logs", "convert[0]", "--json")).json:
        assert time.monotonic() < deadline

    assert [(one["index"], one["attempt"], one["state"]) for one in done.json] == [(0, 1, "running")]
    assert place.flow("logs", "convert[0]").said == "working on 0\n"
    assert place.flow("logs", "convert[failed]").said == ""
    place.flow("cancel")


def test_an_instance_that_was_never_begun_has_no_log_and_says_where_to_ask_why(failed):
    place, _ = failed

    done = place.flow("logs", "finalize")

    assert done.said == ""
    assert re.search(r"nothing was logged; see: python flow.py why demo-\S+ finalize", done.wrong)


def test_options_may_stand_between_a_selector_and_a_run(failed):
    place, _ = failed

    assert place.flow("logs", "convert[0]", "--run-dir", "runs/demo", "@last").said == "working on 0\n"


def test_an_interrupt_cancels_the_run_and_exits_with_130(place):
    process = place.start("flow.py", "submit", "--bad", "-1", "--delay", "20")
    while "convert running" not in process.stderr.readline():
        assert process.poll() is None

    process.send_signal(signal.SIGINT)

    _, wrong = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in wrong
    assert place.flow("status", "--json").json["state"] == "cancelled"


def test_wait_gives_up_after_its_timeout(place):
    place.flow("submit", "--detach", "-q", "--bad", "-1", "--delay", "60")

    done = place.flow("wait", "--timeout", "0.1")

    assert done.code == 1
    assert "still running" in done.wrong
    place.flow("cancel")
