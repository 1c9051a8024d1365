"""Every command ends with its exit code, and never with a traceback for what a user can put right."""

import json
import os
import subprocess
import sys
from typing import Annotated

import pytest

from reflow import Result, Workflow
from reflow.cli.commands import NOT_YET
from reflow.cli.main import INTERRUPTED, guarded, reflow_main
from reflow.errors import OutOfReach, ReflowError, UnknownRun


def test_no_command_is_help(workflow, command):
    code, said, _ = command(workflow)

    assert code == 0
    assert said == command(workflow, "--help")[1]
    for name in "check submit status wait cancel retry invalidate runs results logs dag describe".split():
        assert f"\n  {name} " in said


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(workflow, command):
    code, said, wrong = command(workflow, "sumbit")

    assert (code, said) == (2, "")
    assert (
        wrong == "error: no command is called 'sumbit'; did you mean 'submit'?\nsee: python flow.py --help\n"
    )


@pytest.mark.parametrize("name", sorted(NOT_YET))
def test_what_is_not_there_yet_says_so_in_one_line(workflow, command, capsys, name):
    code, _, wrong = command(workflow, name, "x", "--server", "y")

    assert (code, len(wrong.splitlines())) == (2, 1)
    assert "not there yet" in wrong
    assert reflow_main([name]) == 2
    assert "not there yet" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["submit", "check"])
def test_what_needs_the_flow_says_so_to_reflow(capsys, name):
    assert reflow_main([name, "x"]) == 2
    assert f"python flow.py {name}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["plugins", "config", "advance"])
def test_what_needs_no_flow_says_so_to_its_script(workflow, command, name):
    code, _, wrong = command(workflow, name)

    assert code == 2
    assert f"type: reflow {name}" in wrong


@pytest.mark.parametrize("words", [[], ["check"], ["submit"], ["dag"], ["describe"]], ids=str)
def test_all_that_does_not_fit_is_said_before_anything_else(command, words):
    wf = Workflow("broken")

    @wf.job()
    def one(x: Annotated[str, Result(step="nowhere")]) -> int:
        return 1

    @wf.job()
    def two(x: Annotated[str, Result(step="one")]) -> int:
        return 1

    code, said, wrong = command(wf, *words)

    assert (code, said) == (2, "")
    assert "nowhere" in wrong
    assert "has 2 problems" in wrong


def test_a_run_can_be_looked_at_while_its_script_does_not_fit(command, tmp_path):
    wf = Workflow("broken")

    @wf.job()
    def one(x: Annotated[str, Result(step="nowhere")]) -> int:
        return 1

    assert command(wf, "runs", "--run-dir", str(tmp_path))[0] == 0


def test_check_says_that_all_fits(workflow, command):
    assert command(workflow, "check")[:2] == (0, "demo: 3 tasks, 10 parameters, all fits\n")
    assert json.loads(command(workflow, "check", "--json")[1])["problems"] == []
    assert command(workflow, "check", "-q")[1] == ""


def test_describe_is_the_manifest(workflow, command):
    code, said, _ = command(workflow, "describe")

    assert code == 0
    assert json.loads(said) == json.loads(json.dumps(workflow.describe()))


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json"])
def test_dag_draws_every_task(workflow, command, form):
    code, said, _ = command(workflow, "dag", "--format", form)

    assert code == 0
    for name in ("prepare", "convert", "finalize"):
        assert name in said


def test_dag_writes_the_format_that_a_suffix_names(workflow, command, tmp_path):
    assert command(workflow, "dag", "-o", str(tmp_path / "x.mmd"))[:2] == (0, "")
    assert (tmp_path / "x.mmd").read_text().startswith("flowchart")
    assert command(workflow, "dag", "-o", str(tmp_path / "x.jpeg"))[0] == 2
    assert command(workflow, "dag", "-o", str(tmp_path / "no" / "x.dot"))[0] == 3


def test_a_run_that_nobody_knows_is_exit_code_4(workflow, command, tmp_path):
    for words in (
        ["status"],
        ["status", "x"],
        ["wait"],
        ["cancel"],
        ["results", "x"],
        ["logs"],
        ["retry", "@last"],
    ):
        code, said, wrong = command(workflow, *words, "--run-dir", str(tmp_path))

        assert (code, said) == (4, ""), words
        assert len(wrong.splitlines()) <= 3


def test_no_runs_is_no_error(workflow, command, tmp_path):
    assert command(workflow, "runs", "--run-dir", str(tmp_path))[:2] == (0, "")
    assert json.loads(command(workflow, "runs", "--run-dir", str(tmp_path), "--json")[1]) == []


def test_a_broken_configuration_is_named_with_file_and_line(workflow, command):
    folder = os.path.join(os.environ["XDG_CONFIG_HOME"], "reflow")
    os.makedirs(folder)
    with open(os.path.join(folder, "config.toml"), "w") as file:
        file.write("[executor\n")

    code, _, wrong = command(workflow, "submit", "--start", "x")

    assert code == 2
    assert wrong.startswith(f"error: {folder}/config.toml:1: ")


def test_an_executor_that_is_not_there_is_exit_code_2(workflow, command):
    code, _, wrong = command(workflow, "submit", "--start", "x", "--executor", "pbs")

    assert code == 2
    assert wrong.startswith("error: no executor is called 'pbs' (installed: inline, local")


def raising(error):
    def action():
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ReflowError("x"), 2),
        (OutOfReach("x"), 3),
        (UnknownRun("x"), 4),
        (KeyboardInterrupt(), INTERRUPTED),
        (SystemExit(0), 0),
    ],
    ids=repr,
)
def test_an_error_becomes_its_exit_code(capsys, error, code):
    assert guarded(raising(error)) == code
    assert "Traceback" not in capsys.readouterr().err


def test_what_only_a_programmer_can_mend_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        guarded(raising(ZeroDivisionError()))


def test_a_reader_that_goes_away_is_no_error():
    script = "import sys; from reflow.cli.main import reflow_main; sys.exit(reflow_main(['config']))"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()

    wrong = process.stderr.read()
    process.stderr.close()

    assert (process.wait(), wrong) == (0, b"")


@pytest.mark.parametrize(("to", "code"), [("/dev/full", 3), ("/dev/null", 0)])
def test_output_that_cannot_be_written_is_said(to, code):
    script = "import sys; from reflow.cli.main import reflow_main; sys.exit(reflow_main(['config']))"
    with open(to, "w") as file:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=file, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == code
    assert done.stderr == (b"error: No space left on device\n" if code else b"")


def test_letters_that_stdout_lacks_are_written_otherwise(workflow):
    script = "import sys; from reflow.cli.call import write; write(sys.stdout, 'a\\u2713b')"
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=environ)

    assert done.stdout == b"a\\u2713b\n"


def test_config_shows_each_setting_and_where_it_comes_from(capsys, monkeypatch):
    monkeypatch.setenv("REFLOW_ACCOUNT", "bm1159")

    assert reflow_main(["config", "show", "--json"]) == 0

    shown = json.loads(capsys.readouterr().out)["settings"]
    assert shown["executor.account"] == {"value": "bm1159", "origin": "REFLOW_ACCOUNT"}
    assert shown["dispatch.mode"] == {"value": "inline", "origin": "default"}


def test_plugins_lists_what_is_installed(capsys):
    assert reflow_main(["plugins", "--json"]) == 0

    shown = {plugin["name"]: plugin for plugin in json.loads(capsys.readouterr().out)}
    assert shown["sqlite"]["offers"] == ["store sqlite"]
    assert shown["sqlite"]["trouble"] is None
