"""The command line, the plan and a run's whole way need the manifest alone: the flow is imported by workers only."""

from __future__ import annotations

import json
import sys

import pytest

REBUILD = """
import json, os, sys
from reflow.cli.parameters import typed_values
from reflow.cli.submit import parser_from_manifest
from reflow.compose.backends import make_backends
from reflow.config.settings import load_settings
from reflow.graph.manifest import from_manifest
from reflow.run.preview import preview
from reflow.run.submit import SubmitRequest

manifest = json.load(open("manifest.json"))
parser = parser_from_manifest(manifest, "python steps.py submit")
graph = from_manifest(manifest)
words = sys.argv[1:]
values = typed_values(graph, parser.parse_args(words), "steps.py")
request = SubmitRequest(
    graph=graph,
    entry={},
    parameters=values.parameters,
    run_dir=os.path.abspath("runs/steps"),
    backends=make_backends(load_settings(None, {"executor.name": "local"})),
    cwd=os.getcwd(),
)
found = {"help": parser.format_help(), "values": values.parameters, "plan": preview(request)}
assert not {"steps", "reflow.workflow", "reflow.define.flow", "reflow.define.task"} & set(sys.modules)
json.dump(found, sys.stdout)
"""

ADVANCE = """
import sys
from reflow.cli.main import reflow_main
code = reflow_main(sys.argv[1:])
assert not {"steps", "reflow.workflow", "reflow.define.flow"} & set(sys.modules)
raise SystemExit(code)
"""

WORDS = ["--n", "4", "--bad", "7", "8", "--gate", "--model", "icon", "--delay", "0"]


@pytest.fixture
def rebuilt(terminal):
    """Return what a process knows that has the manifest, and a directory in which there is no flow."""

    def rebuilt(*words):
        elsewhere = terminal.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        (elsewhere / "manifest.json").write_text(terminal.steps("describe").out)
        argv = (
            [sys.executable, "-P", "-c", REBUILD]
            if sys.version_info >= (3, 11)
            else [sys.executable, "-c", REBUILD]
        )
        told = terminal.run([*argv, *words], cwd=elsewhere)
        assert told.code == 0, told.err
        return told.json

    return rebuilt


def planned(terminal, *words):
    plan = terminal.steps("submit", "--executor", "local", "--dry-run", "--json", *words).json
    return plan["tasks"]


def test_the_parser_is_the_same(terminal, rebuilt):
    found = rebuilt(*WORDS)

    assert found["help"] == terminal.steps("submit", "--help").out
    assert found["values"] == {
        "n": 4,
        "bad": [7, 8],
        "delay": {"$float": "0.0"},
        "gate": True,
        "model": "icon",
    }


def test_the_plan_is_the_same_before_and_after_a_run(terminal, rebuilt):
    before = rebuilt("--n", "4")["plan"]["tasks"]
    assert before == planned(terminal, "--n", "4")
    assert before["prepare"]["state"] == "run"

    terminal.submit("--n", "4", "--bad", "2")

    after = rebuilt("--n", "4", "--bad", "2")["plan"]["tasks"]
    assert after == planned(terminal, "--n", "4", "--bad", "2")
    assert (after["work"]["reused"], after["work"]["run"]) == (3, 1)


def test_a_manifest_survives_json_exactly(terminal):
    described = terminal.workflow("steps").describe()

    assert json.loads(json.dumps(described)) == described
    assert terminal.steps("describe").json == described


def test_a_run_goes_on_where_its_flow_is_no_more(terminal, until):
    process = terminal.begin("steps.py", "submit", "--n", "4", "--gate", "--executor", "local")
    place = terminal.folder / "runs" / "steps"
    until(lambda: (place / "begun1").exists())
    process.kill()
    process.communicate()
    (terminal.folder / "steps.py").write_text("raise SystemExit('this is not what was submitted')")
    (place / "gate").touch()

    told = terminal.python("-c", ADVANCE, "advance", "@last")

    assert told.code == 0, told.err
    assert terminal.reflow("results", "@last", "total", "--json").json == {"total": 60}


def test_looking_never_imports_the_flow(terminal):
    terminal.submit("--bad", "1")
    (terminal.folder / "steps.py").unlink()

    for command in ("status", "results", "logs", "dag", "describe", "runs"):
        told = terminal.python("-c", ADVANCE, command, *([] if command == "runs" else ["@last"]))
        assert told.code == 0, told.err
