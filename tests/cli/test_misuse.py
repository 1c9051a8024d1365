"""What cannot be meant is answered in one to three lines, with the value and the remedy; never by a traceback."""

from __future__ import annotations

import os
import sys
import textwrap

import pytest

from reflow.errors import ParameterError, UnknownRun, UnknownTask, UsageError, WiringError
from reflow.filesystem.stamps import DIRECTORY_LIMIT

HEAD = """
from typing import Annotated, Literal
from reflow import Param, Result, Workflow
wf = Workflow("bad")
"""
TAIL = """
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.fixture
def flow(terminal):
    """Write ``bad.py`` and type its commands."""

    def flow(text, *words):
        (terminal.folder / "bad.py").write_text(HEAD + textwrap.dedent(text) + TAIL)
        return terminal.python("bad.py", *words)

    return flow


# definitions

UNKNOWN_STEP = """
@wf.job
def prepare() -> list[str]: return []
@wf.array_job
def convert(name: Annotated[str, Result(step="prepair")]) -> str: return name
"""
CYCLE = """
@wf.job
def one(x: Annotated[str, Result(step="two")]) -> str: return x
@wf.job
def two(x: Annotated[str, Result(step="one")]) -> str: return x
"""
MISMATCH = """
@wf.job
def prepare() -> list[int]: return []
@wf.array_job
def convert(name: Annotated[str, Result(step="prepare")]) -> str: return name
"""
UNKNOWN_AFTER = """
@wf.job(after=["cleanup"])
def prepare() -> list[int]: return []
@wf.job
def clean_up() -> None: pass
"""
DISAGREEING = """
@wf.job
def one(n: int) -> int: return n
@wf.job
def two(n: str) -> str: return n
"""
FLAWS = {
    "unknown step": (UNKNOWN_STEP, ["convert.name takes 'prepair'", "did you mean 'prepare'?", "bad.py:9"]),
    "cycle": (CYCLE, ["one needs two needs one", "bad.py:7", "bad.py:9", "hint: "]),
    "mismatch": (
        MISMATCH,
        ["convert.name wants str", "prepare returns list[int]", "bad.py:9", "annotate name as int"],
    ),
    "unknown after": (UNKNOWN_AFTER, ["after='cleanup'", "did you mean 'clean_up'?", "bad.py:7"]),
    "disagreeing": (DISAGREEING, ["'n' is int and str", 'namespace="local"', "bad.py:7", "bad.py:9"]),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_does_not_fit_is_said_with_both_ends_and_the_remedy(flow, flaw):
    text, words = FLAWS[flaw]

    told = flow(text, "submit")

    assert (told.code, told.out) == (2, "")
    for word in words:
        assert word in told.err
    assert len(told.err.splitlines()) <= 1 + 4


def test_all_flaws_are_one_report(flow):
    parts = [text.replace("prepare", f"p{number}") for number, text in enumerate([UNKNOWN_STEP, MISMATCH])]
    text = (
        parts[0]
        + parts[1].replace("convert", "export")
        + CYCLE
        + DISAGREEING.replace("one", "a").replace("two", "b")
    )

    told = flow(text, "check")

    assert told.code == 2
    assert "workflow 'bad' has 4 problems" in told.err
    for word in ("prepair", "export.name wants str", "one needs two needs one", "'n' is int and str"):
        assert word in told.err


def test_check_reports_as_json_too(flow):
    told = flow(UNKNOWN_STEP + CYCLE, "check", "--json")

    assert told.code == 2
    assert [problem.splitlines()[0].split()[0] for problem in told.json["problems"]] == [
        "convert.name",
        "cycle:",
    ]


DECORATED = {
    "no annotation": ("@wf.job\ndef one(x) -> int: return 1", "parameter 'x' has no annotation"),
    "no return": ("@wf.job\ndef one(): return 1", "annotate it, with -> None"),
    "two of a name": ("@wf.job\ndef one() -> int: return 1\n" * 2, "two tasks called 'one'"),
    "bad name": ("wf = Workflow('bad name')", "'bad name' is no name for a flow"),
    "args": ("@wf.job\ndef one(*names: str) -> int: return 1", "takes *args"),
    "async": ("@wf.job\nasync def one() -> int: return 1", "async"),
}


@pytest.mark.parametrize("flaw", DECORATED)
def test_what_a_decorator_refuses_is_said_in_words(flow, flaw):
    text, word = DECORATED[flaw]

    assert flow(text, "submit").complains(2, word, "bad.py:")


# parameters on the command line

WORDS = {
    "a word for a number": (["--n", "many"], ["--n takes int, not 'many'"]),
    "no such choice": (["--model", "nonsense"], ["--model", "'nonsense'", "era5, icon"]),
    "no value": (["--n"], ["--n", "expected 1 argument"]),
    "a number for a list of numbers": (["--bad", "1", "x"], ["--bad", "'x'"]),
    "no such flag": (["--modle", "icon"], ["--modle", "did you mean", "--model"]),
    "an abbreviated flag": (["--mod", "icon"], ["--mod", "--model"]),
    "too many words": (["--n", "1", "2"], ["2", "submit --help"]),
    "a value for a switch": (["--gate", "yes"], ["yes"]),
    "no such executor": (["--executor", "lokal"], ["'lokal'", "did you mean 'local'?"]),
    "no such store": (["--store", "redis://x"], ["no store is called 'redis'", "sqlite"]),
    "no workers": (["--workers", "0"], ["0", "whole number"]),
    "no such profile": (["--profile", "big"], ["no profile 'big'", "config.toml"]),
}


@pytest.mark.parametrize("flaw", WORDS)
def test_a_mistyped_option_is_said_with_the_value_and_the_remedy(shared_terminal, flaw):
    words, fragments = WORDS[flaw]

    assert shared_terminal.steps("submit", *words).complains(2, *fragments)


IGNORED = {
    "follow only what failed": (["logs", "-f", "--failed"], ["-f prints all", "--failed has no meaning"]),
    "follow a path": (["logs", "-f", "--path"], ["--path has no meaning"]),
    "follow as facts": (["logs", "work", "--follow", "--json"], ["--json has no meaning"]),
    "follow the last lines": (["logs", "-f", "-n", "0"], ["-n has no meaning"]),
    "follow in silence": (["logs", "-f", "-q"], ["-q has no meaning"]),
    "watch a task": (["status", "work", "--watch"], ["--watch follows the whole run", "work has no meaning"]),
    "watch what failed": (["status", "--watch", "--failed"], ["--failed has no meaning"]),
    "two formats": (["dag", "--json", "--format", "dot"], ["--format", "not allowed with", "--json"]),
    "no run directory": (["submit", "--run-dir", ""], ["--run-dir", "the text is empty"]),
    "no store": (["runs", "--store", ""], ["--store", "the text is empty"]),
    "a nameless profile": (["status", "--profile", ""], ["--profile", "the text is empty"]),
    "until no time": (["wait", "--timeout", "nan"], ["--timeout", "'nan' is no number of seconds"]),
    "until before": (["wait", "--timeout=-1"], ["--timeout", "'-1' is no number of seconds"]),
}


@pytest.mark.parametrize("flaw", IGNORED)
def test_an_option_that_would_not_be_heeded_is_refused(shared_terminal, flaw):
    words, fragments = IGNORED[flaw]

    assert shared_terminal.steps(*words).complains(2, *fragments)


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["info", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["gc", "--older-than"], "expected one argument"),
        (["gc", "--older-than", "soon"], "'soon'"),
    ],
    ids=str,
)
def test_a_mistyped_option_of_store_is_said_in_words_too(shared_terminal, words, fragment):
    assert shared_terminal.reflow("store", *words).complains(2, fragment, "store --help")


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_directory_that_is_too_large_to_be_watched_is_named_with_its_parameter(flow, tmp_path, more):
    (tmp_path / "large").mkdir()
    for number in range(DIRECTORY_LIMIT + 1):
        (tmp_path / "large" / str(number)).touch()
    text = "from pathlib import Path\n@wf.job\ndef one(folder: Path) -> int: return 1"

    told = flow(text, "submit", "--folder", str(tmp_path / "large"), *more)

    assert told.complains(2, "parameter folder: directory", "large", 'track="path"')


def test_a_missing_parameter_is_named(flow):
    text = "@wf.job\ndef one(start: str, end: str, n: int = 1) -> str: return start"

    assert flow(text, "submit", "--n", "2").complains(
        2, "--start, --end must be given", "bad.py submit --help"
    )


def test_nothing_is_made_for_a_command_that_is_refused(terminal):
    before = sorted(terminal.folder.rglob("*"))

    for words, _ in WORDS.values():
        terminal.steps("submit", *words)
    terminal.steps("submit", "--force-tasks", "wrok")

    assert [path for path in sorted(terminal.folder.rglob("*")) if "__pycache__" not in str(path)] == before


@pytest.mark.parametrize(
    "words", [["submit", "--force-tasks", "wrok"], ["submit", "--force-tasks", "total", "wrok"]]
)
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_an_unknown_task_to_force_is_exit_code_4(shared_terminal, words, more):
    assert shared_terminal.steps(*words, *more).complains(4, "no task 'wrok'", "did you mean 'work'?")


# parameters from Python

CALLS = {
    "no such choice": ({"model": "nonsense"}, ["model", "'nonsense'", "era5, icon"]),
    "a text for a number": ({"n": "3"}, ["n takes int", "'3'"]),
    "a float for a number": ({"n": 3.0}, ["n takes int", "3.0"]),
    "a list of texts": ({"bad": ["x"]}, ["bad takes list[int]", "'x'"]),
    "none": ({"delay": None}, ["delay takes float", "None"]),
    "no such parameter": ({"modle": "icon"}, ["no parameter 'modle'", "did you mean 'model'?"]),
    "one that is given twice": ({"n": 1, "params": {"n": 2}}, ["n is given in params= and as an argument"]),
    "no such parameter in params": ({"params": {"modle": "icon"}}, ["no parameter 'modle'"]),
}


@pytest.fixture
def submit(terminal, monkeypatch):
    """Submit the steps from Python."""
    monkeypatch.chdir(terminal.folder)
    for name, value in terminal.home.items():
        monkeypatch.setenv(name, value)
    return terminal.workflow("steps").submit


@pytest.mark.parametrize("flaw", CALLS)
def test_a_mistyped_argument_is_refused_with_the_value_and_the_remedy(submit, flaw):
    given, fragments = CALLS[flaw]

    with pytest.raises(ParameterError) as refused:
        submit(executor="inline", **given)

    for fragment in fragments:
        assert fragment in str(refused.value)
    assert len(str(refused.value).splitlines()) <= 3


ENGINE = {
    "executor": (3, "such as"),
    "store": (5, "store.db"),
    "params": ([1], "a dict"),
    "run_dir": (3, "a path"),
    "force_tasks": ([1], "names of tasks"),
    "force": ("no", "True or False"),
    "dry_run": ("", "True or False"),
    "wait": (1, "True or False"),
    "profile": (b"big", "a profile"),
}


@pytest.mark.parametrize("name", ENGINE)
def test_a_mistyped_argument_of_reflow_itself_is_refused_likewise(submit, tmp_path, name):
    value, words = ENGINE[name]
    before = sorted(tmp_path.iterdir())

    with pytest.raises(UsageError) as refused:
        submit(**{"executor": "inline", name: value})

    assert f"{name}={value!r} cannot be meant" in str(refused.value)
    assert words in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before


def test_names_of_parameters_are_texts(submit):
    with pytest.raises(ParameterError, match="no parameter 1"):
        submit(executor="inline", params={1: 2})


def test_python_and_the_command_line_give_the_same_exception_tree(submit):
    for names in ["wrok"], ["total", "wrok"], "wrok":
        with pytest.raises(UnknownTask, match=r"no task 'wrok'; did you mean 'work'\?"):
            submit(executor="inline", force_tasks=names)
    with pytest.raises(UsageError):
        submit(executor="inline", n="x")


def test_a_missing_argument_is_named_with_its_help(terminal, monkeypatch):
    monkeypatch.chdir(terminal.folder)
    (terminal.folder / "needy.py").write_text(
        HEAD.replace("bad", "needy")
        + "@wf.job\ndef one(start: Annotated[str, Param(help='Start date')]) -> str: return start"
    )

    with pytest.raises(ParameterError, match=r"needs start \(Start date\); write: submit\(start=\.\.\.\)"):
        terminal.workflow("needy").submit(executor="inline")


def test_a_workflow_that_does_not_fit_cannot_be_submitted_from_python(terminal, monkeypatch):
    monkeypatch.chdir(terminal.folder)
    (terminal.folder / "unfit.py").write_text(HEAD + UNKNOWN_STEP)

    with pytest.raises(WiringError) as refused:
        terminal.workflow("unfit").submit(executor="inline")

    assert len(refused.value.problems) == 1


def test_a_script_that_submits_wrongly_ends_in_words_too(terminal):
    (terminal.folder / "script.py").write_text("from steps import wf\n\nwf.submit(model='nonsense')\n")

    assert terminal.python("script.py").complains(2, "'nonsense'", "era5, icon", "script.py:3")


WITHOUT_A_FILE = {
    "an argument": ["-c", "exec(open('steps.py').read())"],
    "standard input": ["-"],
}


@pytest.mark.parametrize("how", WITHOUT_A_FILE)
def test_a_script_without_a_file_is_told_what_its_functions_travel_by(terminal, how):
    (terminal.folder / "cloudpickle.py").write_text("raise ImportError")
    argv = [sys.executable, *WITHOUT_A_FILE[how], "submit"]

    with open(terminal.folder / "steps.py") as script:
        told = terminal.run(argv, stdin=script, env={**os.environ, **terminal.home, "PYTHONPATH": "."})

    assert told.complains(2, "'steps' is no global of a module", "pip install 'reflow-core[notebook]'")


@pytest.mark.parametrize("name", ["site", "stat", "io", "codecs"])
def test_a_script_of_a_name_that_python_has_taken_is_refused(terminal, name):
    (terminal.folder / "steps.py").rename(terminal.folder / f"{name}.py")

    told = terminal.python(f"{name}.py", "submit")

    assert told.complains(
        2, f"{name}.py has the name of another module '{name}'", "give the file another name"
    )


def test_a_script_that_is_imported_under_its_own_name_too_is_run(terminal):
    text = (terminal.folder / "steps.py").read_text()
    (terminal.folder / "twice.py").write_text(text.replace("if __name__", "import twice\nif __name__"))

    assert terminal.python("twice.py", "submit", "--json").json["state"] == "succeeded"


def test_a_workflow_of_the_main_guard_is_told_where_to_make_it(terminal):
    (terminal.folder / "guarded.py").write_text(
        "from reflow import Workflow\n"
        "if __name__ == '__main__':\n"
        "    wf = Workflow('guarded')\n"
        "    @wf.job\n"
        "    def one() -> int: return 1\n"
        "    raise SystemExit(wf.cli())\n"
    )

    told = terminal.python("guarded.py", "submit", "--executor", "local")

    remedy = 'make it in the module itself, not under: if __name__ == "__main__":'
    assert remedy in " ".join((told.out + told.err).split())


def test_a_script_from_standard_input_is_run(terminal):
    with open(terminal.folder / "steps.py") as script:
        told = terminal.run([sys.executable, "-", "submit", "--json"], stdin=script)

    assert told.json["state"] == "succeeded"


# runs and their instances


@pytest.fixture(scope="module")
def ran(shared_terminal):
    """A terminal with two runs that succeeded."""
    shared_terminal.ids = [shared_terminal.submit(), shared_terminal.submit("--n", "2")]
    return shared_terminal


LOOKS = ["status", "wait", "retry", "cancel", "results", "logs"]


@pytest.mark.parametrize("command", LOOKS)
def test_an_unknown_run_is_exit_code_4(ran, command):
    assert ran.steps(command, "nowhere").complains(4, "'nowhere'", "runs")
    assert ran.reflow(command, "nowhere").complains(4, "'nowhere'", "reflow runs")


@pytest.mark.parametrize("command", LOOKS)
def test_a_run_without_a_name_is_none(ran, command):
    assert ran.steps(command, "").complains(4, "no run is called ''", "runs")
    assert ran.reflow(command, "").complains(4, "no run is called ''", "reflow runs")


@pytest.mark.parametrize("command", LOOKS)
def test_an_ambiguous_part_of_an_id_lists_what_it_may_mean(ran, command):
    told = ran.steps(command, "steps-2")

    assert told.complains(4, "'steps-2' means 2 runs", *ran.ids)


@pytest.mark.parametrize("command", LOOKS)
def test_a_task_that_was_misspelt_is_told_from_a_run(ran, command):
    assert ran.steps(command, "wrok").complains(4, "'wrok'", "did you mean the task 'work'?")


@pytest.mark.parametrize("command", ["status", "retry", "cancel", "results", "logs"])
def test_a_task_that_was_misspelt_in_a_selector_is_named(ran, command):
    assert ran.steps(command, "@last", "wrok[1]").complains(4, "'wrok'", "did you mean 'work'?")


@pytest.mark.parametrize("word", ["work", "work[1]"])
def test_wait_takes_no_selectors(ran, word):
    assert ran.steps("wait", word).complains(2, f"wait takes a run; {word!r}", "wait --help")
    assert ran.reflow("wait", "@last", word).complains(2, f"wait takes a run; {word!r}")


@pytest.mark.parametrize("command", ["status", "retry", "cancel", "results", "logs"])
@pytest.mark.parametrize("selector", ["work[", "work[]", "work[x]", "work[1:x]", "work[-1]", "[1]"])
def test_a_selector_that_is_none_is_shown_how_to_write_one(ran, command, selector):
    assert ran.steps(command, "@last", selector).complains(2, "TASK[17]")


@pytest.mark.parametrize("command", ["status", "results", "logs"])
@pytest.mark.parametrize("selector", ["work[2]", "work[7,9]", "prepare[1]"])
def test_an_instance_that_is_not_there_is_exit_code_4(ran, command, selector):
    task = selector.partition("[")[0]

    assert ran.steps(command, "@last", selector).complains(4, task, {"work": "0 to 1", "prepare": "0"}[task])


@pytest.mark.parametrize(("index", "words"), [(2, "2 instances, 0 to 1"), (-1, "0 to 1")])
def test_an_instance_that_is_not_there_has_no_logs_in_python_either(ran, index, words):
    with pytest.raises(UnknownTask, match=rf"work\[{index}\] is not there: .*{words}"):
        ran.open().logs("work", index)


def test_an_index_is_a_number(ran):
    with pytest.raises(UsageError, match="index='1' cannot be meant"):
        ran.open().logs("work", "1")


def test_two_runs_at_once_are_one_too_many(ran):
    assert ran.steps("status", *ran.ids).complains(2, *ran.ids)


def test_numbers_that_are_none_are_refused(ran):
    assert ran.steps("runs", "-n", "-3").complains(2, "-3")
    assert ran.steps("runs", "-n", "x").complains(2, "'x'")
    assert ran.steps("wait", "--timeout", "soon").complains(2, "'soon'")


def test_an_unknown_run_is_refused_from_python_too(ran):
    with pytest.raises(UnknownRun, match="nowhere"):
        ran.open("nowhere")
    with pytest.raises(UnknownRun, match="means 2 runs"):
        ran.open("steps-2")
    with pytest.raises(UnknownTask, match="did you mean 'work'"):
        ran.open().results("wrok")
    with pytest.raises(UnknownTask, match="did you mean 'work'"):
        ran.open().logs("wrok")
    with pytest.raises(UsageError, match=r"run=3 cannot be meant; it takes the id of a run"):
        ran.open(3)


def work() -> int: ...


@pytest.mark.parametrize("name", ["result", "results", "logs", "why", "cancel", "retry"])
@pytest.mark.parametrize(("task", "remedy"), [(work, 'write "work"'), (3, "write it as text")], ids=str)
def test_a_task_of_a_run_is_named_by_its_text(ran, name, task, remedy):
    with pytest.raises(UsageError, match=rf"{name} takes the name of a task, not .*; {remedy}"):
        getattr(ran.open(), name)(task)


@pytest.mark.parametrize("name", ["why", "cancel", "retry"])
def test_an_instance_that_is_not_there_is_refused_from_python_too(ran, name):
    with pytest.raises(UnknownTask, match=r"work\[99\] is not there: work has \d+ instances"):
        getattr(ran.open(), name)("work[99]")


@pytest.mark.parametrize("timeout", ["x", "1", True])
def test_a_timeout_that_is_no_number_is_refused(ran, timeout):
    with pytest.raises(UsageError, match=r"timeout=.* cannot be meant; it takes a number of seconds"):
        ran.open().wait(timeout)


def test_a_workflow_opens_its_own_runs_and_no_others(ran):
    (ran.folder / "other.py").write_text(
        HEAD.replace("bad", "other") + "@wf.job\ndef one() -> int: return 1\n" + TAIL
    )
    told = ran.python("other.py", "submit", "--executor", "inline", "-q", "--run-dir", "runs/steps")

    with ran.here():
        assert ran.workflow("steps").open_run("@last").id == ran.ids[-1]
        assert ran.workflow("steps").open_run("@last", "runs/steps").id == ran.ids[-1]
        for run, run_dir in (told.out.strip(), None), ("other", "runs/steps"):
            with pytest.raises(UnknownRun, match=r"'other', not of 'steps'\nopen it with: reflow\.open_run"):
                ran.workflow("steps").open_run(run, run_dir)
