"""What stands in a signature: Param, Result, RunDir."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from reflow import Param, Result, RunDir
from reflow.define.markers import MISSING
from reflow.errors import DefinitionError


def test_run_dir_is_equal_to_the_current_directory():
    assert RunDir() == Path()
    assert Path() == RunDir()
    assert RunDir() == RunDir()
    assert hash(RunDir()) == hash(Path())


def test_run_dir_joins_like_a_path():
    assert RunDir() / "x.nc" == Path("x.nc")
    assert "x" / RunDir() == Path("x")
    assert Path("a") / RunDir() == Path("a")
    assert Path(RunDir()) == Path()


def test_run_dir_is_an_instance_of_path_and_has_its_methods(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (RunDir() / "x").write_text("y")

    assert isinstance(RunDir(), Path)
    assert RunDir().resolve() == tmp_path
    assert [path.name for path in RunDir().iterdir()] == ["x"]
    assert (str(RunDir()), f"{RunDir()}") == (".", ".")


def test_run_dir_and_missing_survive_pickling():
    assert pickle.loads(pickle.dumps(RunDir())) == Path()
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING


def test_run_dir_as_a_default_does_not_import_pathlib():
    code = (
        "import sys; from reflow import Flow, RunDir; f = Flow('f')\n"
        "@f.job\ndef t(d: RunDir = RunDir()) -> int: ...\n"
        "assert f.tasks['t'].parameters[0].kind == 'run_dir'; print('pathlib' in sys.modules)"
    )

    assert (
        subprocess.run(
            [sys.executable, "-S", "-c", code], env=_with_path(), capture_output=True, text=True
        ).stdout
        == "False\n"
    )


def _with_path() -> dict[str, str]:
    import reflow

    return {"PYTHONPATH": str(Path(reflow.__file__).parents[1])}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Param(namespace="task"), "'global' or 'local'"),
        (lambda: Param(short="--start"), "one letter"),
        (lambda: Param(short="-1"), "one letter"),
        (lambda: Param(choices="abc"), "give a list"),
        (lambda: Param(choices=[]), "no value would be allowed"),
        (lambda: Param(track="bytes"), "'stat', 'content', 'path'"),
        (lambda: Param(3), "a help text is text"),
        (lambda: Param(metavar=3), "a word for the help"),
        (lambda: Param(metavar=""), "a word for the help"),
        (lambda: Param(secret="no"), "it is True or False"),
        (lambda: Result("a", broadcast="no"), "it is True or False"),
        (lambda: Result(), "exactly one"),
        (lambda: Result("a", steps=["b"]), "exactly one"),
        (lambda: Result(steps=[]), "at least one"),
        (lambda: Result(3), "names no task"),
        (lambda: Result(""), "names no task"),
        (lambda: Result("a", track="no"), "it is one of"),
        (lambda: Result("a", track="content"), "write track='content' there"),
    ],
)
def test_a_marker_refuses_what_it_cannot_be(make, words):
    with pytest.raises(DefinitionError, match=words):
        make()


def test_a_short_flag_may_be_written_with_or_without_its_dash():
    assert Param(short="s").short == Param(short="-s").short == "-s"
