"""The command line can be rebuilt from the manifest alone, where the flow cannot be imported."""

import json
import subprocess
import sys

REBUILD = """
import json, sys
manifest = json.load(open(sys.argv[1]))
from reflow.cli.parameters import typed_values
from reflow.cli.submit import parser_from_manifest
from reflow.graph.manifest import from_manifest
parser = parser_from_manifest(manifest, "python flow.py submit")
options = parser.parse_args(sys.argv[2:])
values = typed_values(from_manifest(manifest), options, "x").parameters
assert "conftest" not in sys.modules and "reflow.define.flow" not in sys.modules, sorted(sys.modules)
json.dump({"help": parser.format_help(), "values": values}, sys.stdout)
"""

WORDS = [
    "--start",
    "x",
    "--levels",
    "1",
    "2",
    "--no-deep",
    "--ratio",
    "2",
    "--colour",
    "BLUE",
    "--where",
    "/a",
]


def test_a_process_that_never_saw_the_flow_has_the_same_parser(workflow, typed, command, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(workflow.manifest()))

    done = subprocess.run(
        [sys.executable, "-c", REBUILD, str(path), *WORDS],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )

    rebuilt = json.loads(done.stdout)
    assert rebuilt["values"] == typed(workflow, *WORDS).parameters
    assert rebuilt["help"] == command(workflow, "submit", "--help")[1]
