"""A parameter may have any name: the command line's own names too, on the command line and from Python."""

from __future__ import annotations

import itertools

import pytest

VALUES = {
    "run_dir": "here",
    "executor": "slurm",
    "store": "shop",
    "profile": "left",
    "force": True,
    "force_tasks": ["a", "b"],
    "verify": False,
    "dry_run": True,
    "wait": False,
    "params": {"x": 1},
    "help": "me",
    "json": "{}",
    "quiet": True,
    "verbose": False,
    "detach": True,
    "workers": 9,
    "run": "away",
    "since": "1860",
    "task": "t",
    "status": "s",
    "index": 5,
    "run_id": "r",
    "no_color": False,
    "self": "I",
    "name": "n",
    "argv": "v",
}
EXPECTED = sorted(f"{key}={value!r}" for key, value in {**VALUES, "plain": 1}.items())
FREE = {"self", "name", "argv"}


def words(key, value, prefix="param-"):
    flag = f"--{prefix}{key.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag if value else flag.replace(f"--{prefix}", f"--{prefix}no-")]
    if isinstance(value, list):
        return [flag, *value]
    return [flag, '{"x": 1}' if isinstance(value, dict) else str(value)]


def typed(own_flags):
    """Return what is typed for all of them; in their shortest form, or all as --param-NAME."""
    return list(
        itertools.chain.from_iterable(
            words(key, value, "" if own_flags and key in FREE else "param-") for key, value in VALUES.items()
        )
    )


@pytest.fixture(scope="module")
def wf(flows):
    return flows("reserved").wf


def test_the_table_holds_every_reserved_name(wf):
    from reflow.graph.flags import RESERVED

    assert set(VALUES) >= RESERVED
    assert {p["key"] for p in wf.describe()["parameters"]} == {*VALUES, "plain", "local_task"}


@pytest.mark.parametrize("own_flags", [True, False])
def test_the_command_line_sets_each_of_them(lab, wf, own_flags):
    run_dir = lab.new_run_dir()
    code = lab.cli(wf, "submit", *typed(own_flags), run_dir=run_dir, **{"--executor": lab.executor})

    assert code == 0
    assert lab.seen(wf, run_dir).result("echo") == EXPECTED


def test_python_sets_each_of_them(lab, wf):
    assert lab.submit(wf, params=VALUES).result("echo") == EXPECTED


def test_python_sets_as_words_those_that_submit_has_no_argument_for(local_lab, wf):
    taken = {
        "run_dir", "executor", "store", "profile", "force", "force_tasks", "verify", "dry_run", "wait", "params", "self"
    }  # fmt: skip
    free = {key: value for key, value in VALUES.items() if key not in taken}

    seen = local_lab.submit(wf, params={key: VALUES[key] for key in taken}, **free)

    assert seen.result("echo") == EXPECTED


def test_command_line_and_python_mean_the_same_work(local_lab, wf):
    local_lab.submit(wf, params=VALUES)
    run_dir = local_lab.new_run_dir()

    local_lab.cli(wf, "submit", *typed(own_flags=True), run_dir=run_dir, **{"--executor": "local"})

    assert local_lab.seen(wf, run_dir).states == {"echo": "1 reused", "local": "1 reused"}


@pytest.mark.parametrize("flag", ["--local-task", "--param-local-task"])
def test_a_local_parameter_of_a_reserved_name_has_both_forms(local_lab, wf, flag):
    run_dir = local_lab.new_run_dir()

    local_lab.cli(wf, "submit", *typed(True), flag, "8", run_dir=run_dir, **{"--executor": "local"})

    assert local_lab.seen(wf, run_dir).result("local") == 8


def test_a_percent_sign_in_a_help_text_is_just_that(wf, capsys):
    assert wf.cli(["submit", "--help"], "python flow.py") == 0

    told = " ".join(capsys.readouterr().out.split())
    assert "100% sure, %s %(prog)s %d %%" in told
    assert "50%" in told
    assert "local 5%" in told


def test_a_parameter_that_is_missing_is_named_by_its_flag_and_asks_for_nothing_else(local_lab, wf, capsys):
    given = [w for key, value in VALUES.items() if key not in ("task", "argv") for w in words(key, value)]

    assert local_lab.cli(wf, "submit", *given, run_dir=local_lab.new_run_dir()) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: --param-task, --argv must be given",
        "see: python flow.py submit --help",
    ]
