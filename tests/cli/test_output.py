"""Facts are on stdout, as JSON when that is asked for and nothing beside it; ``-q`` prints ids alone."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

RUN_ID = re.compile(r"steps-\d{8}-[0-9a-f]{8}")

STATUS = {
    *("run_id", "workflow", "state", "created_at", "ended_at", "run_dir", "executor"),
    *("parameters", "tasks", "failed", "queue", "driver", "messages"),
}


@pytest.fixture(scope="module")
def ran(shared_terminal):
    """A terminal with a run that failed, of which ``ran.run_id`` is the id."""
    shared_terminal.run_id = shared_terminal.submit("--n", "4", "--bad", "1", "3")
    return shared_terminal


OF_A_SCRIPT = {
    "check": ["check"],
    "dry run": ["submit", "--dry-run"],
    "status": ["status"],
    "status of a task": ["status", "work"],
    "status of instances": ["status", "work[failed]"],
    "status of what failed": ["status", "--failed"],
    "wait": ["wait"],
    "cancel": ["cancel", "@last"],
    "runs": ["runs"],
    "results": ["results"],
    "results of a task": ["results", "work"],
    "logs": ["logs"],
    "logs of an instance": ["logs", "work[0]"],
    "why": ["why"],
    "why of an instance": ["why", "work[1]"],
    "dag": ["dag"],
    "describe": ["describe"],
}
OF_REFLOW = {
    name: OF_A_SCRIPT[name]
    for name in ("status", "wait", "cancel", "results", "logs", "why", "dag", "describe")
}


@pytest.mark.parametrize("name", OF_A_SCRIPT)
def test_each_command_of_a_script_prints_json_and_nothing_else(ran, name):
    told = ran.steps(*OF_A_SCRIPT[name], "--json")

    json.loads(told.out)
    assert "error" not in told.err


@pytest.mark.parametrize("name", OF_REFLOW)
def test_reflow_prints_the_same_json_as_the_script(ran, name):
    command, *selectors = OF_REFLOW[name]

    told = ran.reflow(command, ran.run_id, *[word for word in selectors if word != "@last"], "--json")

    assert told.json == ran.steps(*OF_REFLOW[name], "--json").json


@pytest.mark.parametrize("words", [["runs"], ["plugins"], ["config", "show"]], ids=lambda words: words[0])
def test_what_reflow_alone_has_is_json_too(ran, words):
    assert ran.reflow(*words, "--json").json


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize("words", [[], ["--bad", "1"]], ids=["succeeds", "fails"])
def test_submit_prints_the_status_of_the_end_as_json(terminal, executor, words):
    told = terminal.steps("submit", "--executor", executor, "--json", *words)

    assert set(told.json) == STATUS
    assert told.json["state"] == ("failed" if words else "succeeded")
    assert told.json == terminal.steps("status", "--json").json


def test_submit_and_retry_that_go_on_alone_print_json(terminal):
    told = terminal.steps("submit", "--executor", "local", "--bad", "1", "--detach", "--json")
    assert (told.code, told.json["state"]) == (0, "running")
    assert terminal.steps("wait", "--json").json["state"] == "failed"

    again = terminal.steps("retry", "--json", "--detach")
    assert again.json["run_id"] == told.json["run_id"]
    assert terminal.steps("wait", "--json").json["tasks"]["work"]["counts"] == {"succeeded": 2, "failed": 1}
    assert terminal.steps("retry", "--json").json["state"] == "failed"


def test_what_a_task_prints_does_not_get_between(terminal):
    told = terminal.steps("submit", "--executor", "inline", "--json")

    assert "working on" not in told.out
    assert "working on" in told.err


def test_the_keys_of_status_are_stable(ran):
    status = ran.steps("status", "--json").json

    assert set(status) == STATUS
    assert set(status["tasks"]["work"]) == {"state", "total", "counts", "array", "waits_for", "reason"}
    assert status["tasks"]["work"]["counts"] == {"succeeded": 2, "failed": 2}
    assert [
        (fault["task"], fault["index"], fault["attempt"], fault["error"]) for fault in status["failed"]
    ] == [
        ("work", 1, 1, "ValueError: cannot do 1"),
        ("work", 3, 1, "ValueError: cannot do 3"),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", status["created_at"])


def test_a_handle_gives_what_status_prints(ran):
    assert ran.open(ran.run_id).status(as_dict=True) == ran.steps("status", "--json").json


def test_runs_and_status_tell_the_same_of_a_run(ran):
    (told,) = ran.steps("runs", "--json").json
    status = ran.steps("status", "--json").json

    for key in ("run_id", "workflow", "state", "created_at", "run_dir", "executor", "parameters"):
        assert told[key] == status[key]
    assert (told["done"], told["total"]) == (3, 6)


def test_results_have_a_place_for_each_instance(ran):
    assert ran.steps("results", "--json").json == {
        "prepare": [0, 1, 2, 3],
        "work": [0, None, 20, None],
        "total": None,
    }


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--watch"],
        ["wait"],
        ["cancel", "@last"],
        ["runs"],
        ["retry", "prepare"],
        ["why"],
    ],
    ids=" ".join,
)
def test_quiet_prints_the_id_alone(ran, words):
    told = ran.steps(*words, "-q")

    assert (told.out, told.err) == (f"{ran.run_id}\n", "")


def test_quiet_submits_print_the_id_alone(terminal):
    for executor in ("inline", "local"):
        for words in ([], ["--bad", "1"], ["--detach"] if executor == "local" else []):
            told = terminal.steps("submit", "--executor", executor, "-q", *words)
            assert RUN_ID.fullmatch(told.out.strip())
            assert told.err == "" or executor == "inline"
    terminal.steps("wait")


def test_quiet_names_of_instances_can_be_given_to_other_commands(ran):
    names = ran.steps("status", "work[failed]", "-q").out.split()

    assert names == ["work[1]", "work[3]"]
    assert "cannot do 3" in ran.steps("logs", names[1]).out
    assert ran.steps("check", "-q").out == ""


def test_facts_are_on_stdout_and_hints_on_stderr(ran):
    told = ran.steps("logs", "work[1]")

    assert "ValueError: cannot do 1" in told.out
    assert "== work[1]" in told.err
    assert "==" not in told.out


def test_logs_of_an_inline_run_name_no_file_and_say_where_it_printed(ran):
    for words in (["logs", "work[0]"], ["logs", "work[1]"], ["logs", "--path"]):
        told = ran.steps(*words)

        assert ".log" not in told.out + told.err
        assert "inline prints in its own terminal" in told.err
    assert ran.steps("logs", "work[0]").out == ran.steps("logs", "--path").out == ""
    assert "-----" not in ran.steps("logs", "work[0]").err
    assert ran.steps("logs", "work[0]", "--json").json[0]["path"] is None


@pytest.mark.parametrize("command", ["status", "runs", "results", "dag"])
def test_no_colour_where_it_is_piped(ran, command):
    assert "\x1b" not in ran.steps(command).out


def test_screens_fit_into_80_columns(ran):
    for command in ("status", "runs", "dag", "check"):
        assert max(map(len, ran.steps(command).out.splitlines())) <= 80


def test_what_is_said_to_type_next_can_be_typed(ran):
    hints = re.findall(r"python steps\.py (.*)", ran.steps("status", "--run-dir", "runs/steps").out)

    assert hints
    for hint in hints:
        words = hint.replace("'", "").split()
        if words[0] != "retry":
            assert ran.steps(*words).code == 0


def test_limits_that_this_machine_does_not_keep_are_said_once(terminal):
    (terminal.folder / "limited.py").write_text(
        'from reflow import Workflow\n\nwf = Workflow("limited")\n\n\n'
        '@wf.job(mem="1G", time="01:00:00")\ndef one() -> int:\n    return 1\n\n\n'
        'if __name__ == "__main__":\n    raise SystemExit(wf.cli())\n'
    )
    told = terminal.python("limited.py", "submit", "--executor", "inline")

    assert told.err.count("mem and time of tasks: not enforced on this machine") == 1
    assert "not enforced" not in terminal.steps("submit", "--executor", "inline").err


def test_what_is_said_to_type_next_can_be_pasted_wherever_the_script_is(terminal):
    script = terminal.folder / "it's mine" / "my steps.py"
    script.parent.mkdir()
    script.write_text((terminal.folder / "steps.py").read_text())
    told = terminal.python(str(script), "submit", "--executor", "inline")

    hint = told.out.splitlines()[-1].removeprefix("next:  python ")

    assert terminal.run(["sh", "-c", f'exec "$0" {hint}', sys.executable]).out.endswith("total  30\n")


LETTERS = """
from reflow import Workflow
wf = Workflow("letters")
@wf.job
def text() -> list[str]:
    return ["\\xe9", "\\U0001f600", "\\udcff"]
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_whatever_letters_stdout_can_show(terminal, encoding):
    (terminal.folder / "letters.py").write_text(LETTERS)
    terminal.python("letters.py", "submit", "-q", "--executor", "inline")

    environment = {**os.environ, **terminal.home, "PYTHONIOENCODING": encoding}
    told = terminal.run(
        [sys.executable, "letters.py", "results", "--json"], env=environment, encoding=encoding
    )

    assert json.loads(told.out) == {"text": ["\xe9", "\U0001f600", "\udcff"]}
