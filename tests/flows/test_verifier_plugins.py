"""The verifiers of plugins are found by type or by name, and asked in a process that knows the user's types."""

from __future__ import annotations

import json
import sys

import pytest

from reflow.errors import WiringError

PLUGIN = """
import os

from reflow.plugin import Adapter, Verdict, Verifier, hookimpl


class Range(Adapter):
    name = "range"

    def encode(self, value):
        return [value.start, value.stop, value.step]

    def decode(self, data):
        return range(*data)


class Even(Verifier):
    name = "even"

    def verify(self, output, files):
        assert output == [__import__("pathlib").Path(file.path) for file in files]
        odd = [file.path for file in files if os.path.getsize(file.path) % 2]
        return Verdict(not odd, f"odd: {os.path.basename(odd[0])}" if odd else "")


class Length(Verifier):
    name = "length"

    def verify(self, output, files):
        return Verdict(len(output) == 4, f"{output!r} has not four items")


@hookimpl
def reflow_adapter(annotation):
    return Range() if annotation is range else None


@hookimpl
def reflow_verifier(annotation):
    return Length() if annotation is range else Even()
"""


@pytest.fixture
def executor():
    return "local"


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    info = folder / "own_ranges-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "own_ranges.py").write_text(PLUGIN)
    (info / "entry_points.txt").write_text("[reflow]\nranges = own_ranges\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr("reflow.registry.hooks._hooks", None)
    sys.modules.pop("plugged", None)  # a graph is kept as long as its flow
    yield
    sys.modules.pop("own_ranges", None)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_a_plugin_is_asked_by_name_and_by_type(lab, flows, out, plugin, capsys):
    wf = flows("plugged").wf
    seen = lab.submit(wf, out=out)
    assert seen.state == "succeeded"
    assert {name: task["verify"] for name, task in tasks(wf).items()} == {
        "by_name": "even",
        "by_type": "length",
    }
    capsys.readouterr()

    assert lab.cli(wf, "verify", run_dir=seen.run_dir) == 1

    assert capsys.readouterr().out.splitlines() == [
        "by_name  odd: one",
        "by_type  range(0, 3) has not four items",
    ]


def tasks(wf):
    return {task["name"]: task for task in json.loads(json.dumps(wf.describe()))["tasks"]}


def test_a_submit_that_verifies_makes_again_what_a_plugin_rejects(lab, flows, out, plugin):
    wf = flows("plugged").wf
    lab.submit(wf, out=out)

    assert lab.submit(wf, out=out).calls == []

    assert lab.submit(wf, out=out, verify=True).calls == ["by_name", "by_type"]


def test_a_verifier_that_nobody_has_is_said_with_all_else_that_does_not_fit(flows):
    with pytest.raises(WiringError) as wrong:
        flows("plugged").wrong.validate()

    told = str(wrong.value)
    assert "misspelt says verify='chekcsum', and no plugin has a verifier of that name" in told
    assert "did you mean 'checksum'?" in told
    assert "unknown says verify='nowhere', and no plugin has" in told
    assert "(there is: checksum, files, size)" in told
