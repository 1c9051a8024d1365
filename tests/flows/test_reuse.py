"""What runs again after a change, and what is reused: told by the calls of the functions themselves."""

from __future__ import annotations

import importlib

import pytest
from lab import Lab

from reflow.compose.runs import open_run
from reflow.plan.identity import Recipe, split_digests
from reflow.run import planning
from reflow.values.digests import digest_many, value_digest

ABC = ["a", "b", "c"]
FIRST = [
    "beside", "check a by 1.0", "check b by 1.0", "check c by 1.0", "convert a", "convert b", "convert c",
    "finalize", "last", "prepare",
]  # fmt: skip

CHANGES = {
    # what is different from items=["a", "b", "c"]: what is called then
    "nothing": ({}, []),
    "defaults given": ({"scale": 1, "sort": False, "finalize_title": "", "tags": frozenset()}, []),
    "one item": ({"items": ["a", "X", "c"]}, ["check X by 1.0", "convert X", "finalize", "prepare"]),
    "one item more": ({"items": [*ABC, "d"]}, ["check d by 1.0", "convert d", "finalize", "prepare"]),
    "one item less": ({"items": ["a", "c"]}, ["finalize", "prepare"]),
    "other order": ({"items": ["c", "b", "a"]}, ["finalize", "prepare"]),
    "one item twice": ({"items": ["a", "a", "b", "c"]}, ["finalize", "prepare"]),
    "no items": ({"items": []}, ["finalize", "prepare"]),
    "an upstream that returns the same": ({"sort": True}, ["prepare"]),
    "a parameter of the array": (
        {"scale": 2},
        ["beside", "check a by 2.0", "check b by 2.0", "check c by 2.0", "convert a", "convert b", "convert c",
         "finalize", "last"],
    ),
    "a parameter of the last": ({"finalize_title": "T"}, ["finalize"]),
    "a parameter of the one beside": ({"tags": frozenset("xy")}, ["beside"]),
    "force": ({"force": True}, FIRST),
    "one task forced": ({"force_tasks": ["convert"]}, ["convert a", "convert b", "convert c"]),
    "two tasks forced": ({"force_tasks": ("prepare", "last")}, ["last", "prepare"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def wf(flows):
    return flows("reuse").wf


@pytest.fixture(scope="module")
def first(shared_lab, wf):
    return shared_lab.submit(wf, items=ABC)


def test_the_first_run_calls_each_instance_once(first):
    assert first.calls == FIRST
    assert first.result("finalize") == "24"


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_a_change_reaches_runs_again(shared_lab, wf, first, change):
    given, calls = CHANGES[change]

    again = shared_lab.submit(wf, **{"items": ABC, **given})

    assert again.calls == calls
    assert again.state == "succeeded"


def test_the_states_tell_what_was_reused(shared_lab, wf, first):
    again = shared_lab.submit(wf, items=["a", "Y", "c"])

    assert again.states == {
        "prepare": "1 succeeded",
        "convert": "2 reused, 1 succeeded",
        "check": "2 reused, 1 succeeded",
        "finalize": "1 succeeded",
        "beside": "1 reused",
        "last": "1 reused",
    }
    assert again.result("convert") == ["a by 1.0", "Y by 1.0", "c by 1.0"]


def test_what_was_reused_is_reused_from_the_run_that_reused_it(shared_lab, wf, first):
    for _ in range(3):
        again = shared_lab.submit(wf, items=ABC)

    assert again.calls == []
    assert set(again.run.results("convert").values()) == {"a by 1.0", "b by 1.0", "c by 1.0"}


def test_more_than_is_kept_in_memory_at_once_is_reused_all_the_same(tmp_path, flows, monkeypatch):
    lab, wf = Lab(tmp_path, "inline"), flows("reuse").wf
    lab.submit(wf, items=ABC)
    monkeypatch.setattr(planning, "MOST_AT_ONCE", 0)  # so that what each look came to is written by itself

    again = lab.submit(wf, items=ABC)

    assert again.calls == []
    assert again.states["convert"] == "3 reused"
    assert again.result("convert") == ["a by 1.0", "b by 1.0", "c by 1.0"]


def test_command_line_and_python_reuse_each_others_results(shared_lab, wf, first):
    run_dir = shared_lab.new_run_dir()

    code = shared_lab.cli(
        wf, "submit", "--items", *ABC, "--scale", "1", run_dir=run_dir, **{"--executor": shared_lab.executor}
    )

    assert code == 0
    assert shared_lab.seen(wf, run_dir).calls == []


def test_another_store_knows_nothing(shared_lab, wf, first, tmp_path):
    again = shared_lab.submit(wf, items=ABC, run_dir=tmp_path / "run")
    assert again.calls == []

    with shared_lab.home():
        run = wf.submit(
            tmp_path / "other",
            executor=shared_lab.executor,
            store=str(tmp_path / "s.db"),
            wait=True,
            items=ABC,
        )
    assert run.state == "succeeded"
    assert (tmp_path / "other" / "calls").exists()


def test_a_dry_run_leaves_nothing_behind_and_says_what_would_run(shared_lab, wf, first, capsys):
    run_dir = shared_lab.new_run_dir()

    with shared_lab.home():
        found = wf.submit(
            run_dir, executor=shared_lab.executor, store=shared_lab.store, dry_run=True, items=["a", "Z", "c"]
        )

    assert found is None
    assert not run_dir.exists()
    assert "prepare" in capsys.readouterr().out


def test_a_dry_run_says_that_it_verifies_nothing(shared_lab, wf, first, capsys):
    with shared_lab.home():
        for verify in (True, False):
            wf.submit(
                shared_lab.new_run_dir(),
                executor=shared_lab.executor,
                store=shared_lab.store,
                dry_run=True,
                verify=verify,
                items=ABC,
            )

    assert capsys.readouterr().out.count("a dry run verifies nothing") == 1


def test_the_parts_of_an_identity_are_stored_and_make_it(shared_lab, first):
    with shared_lab.home():
        run = open_run(first.run.id, run_dir=str(first.run_dir))
    overview = run.ledger.overview()
    rows = {name: run.ledger.instances(name) for name in overview.tasks}

    for name, node in run.graph.tasks.items():
        parts = _parts(overview.tasks[name].parts)
        varying = sorted(e.name for e in node.inputs if e.kind != "run_dir" and e.name not in parts["shared"])
        recipe = Recipe(node, parts["shared"], varying, parts["after"])
        for row in rows[name]:
            assert recipe.identity(split_digests(row.parts)) == row.identity
    convert = _parts(overview.tasks["convert"].parts)
    assert convert["shared"] == {"scale": value_digest({"$float": "1.0"})}
    assert [row.parts for row in rows["convert"]] == [value_digest(item) for item in ABC]
    assert _parts(overview.tasks["last"].parts)["after"] == [
        digest_many("list", [row.output for row in rows["beside"]])
    ]
    run.close()


def _parts(text):
    import json

    found = json.loads(text)
    return {
        "shared": {name: bytes.fromhex(value) for name, value in found["shared"].items()},
        "after": [bytes.fromhex(value) for value in found["after"]],
    }


def test_another_version_runs_again_and_the_earlier_one_is_not_forgotten(lab, flows):
    reuse = flows("reuse")
    workflows = [reuse.first_version, reuse.second_version, reuse.first_version, reuse.second_version]

    calls = [lab.submit(workflow).calls for workflow in workflows]

    assert calls == [["versioned"], ["versioned"], [], []]


def test_what_is_not_cached_runs_always_and_feeds_what_is(lab, flows):
    fresh = flows("reuse").fresh

    first = lab.submit(fresh, words=["x", "y", "x"])
    again = lab.submit(fresh, words=["x", "y", "x"])

    assert first.calls == ["clock", "reader", "uncached x", "uncached x", "uncached y"]
    assert again.calls == ["clock", "uncached x", "uncached x", "uncached y"]
    assert again.states == {"clock": "1 succeeded", "uncached": "3 succeeded", "reader": "1 reused"}


def test_what_was_made_without_cache_is_not_reused_when_the_cache_is_on_again(lab, flows):
    reuse = flows("reuse")
    workflows = [reuse.uncached_version, reuse.third_version, reuse.uncached_version, reuse.third_version]

    calls = [lab.submit(workflow).calls for workflow in workflows]

    assert calls == [["versioned"], ["versioned"], ["versioned"], []]


def test_equal_work_within_one_run_runs_once(lab, flows):
    seen = lab.submit(flows("reuse").equal, names=["a", "b", "a", "a", "b"])

    assert seen.calls == ["once a", "once b"]
    assert seen.result("together") == "ABAAB"
    assert seen.states["once"] == "3 reused, 2 succeeded"


def test_equal_work_that_failed_is_tried_by_those_that_waited_for_it(lab, flows):
    seen = lab.submit(flows("reuse").equal, names=["a", "b", "a", "b"], fails=True)

    assert seen.calls == ["once a", "once a", "once b"]
    assert seen.states["once"] == "2 failed, 1 reused, 1 succeeded"


def test_forced_equal_work_runs_and_is_not_reused_from_before(lab, flows):
    equal = flows("reuse").equal
    lab.submit(equal, names=["a", "a", "b"])

    seen = lab.submit(equal, names=["a", "a", "b"], force=True)

    assert sorted(seen.calls) == ["once a", "once b"]
    assert seen.result("together") == "AAB"


LOADED = ["convert era0", "convert era1", "load era"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("one", {"model": "era"}),
        ("two", {"model": "era"}),
        ("bound", {}),
        ("nested", {"model": "era"}),
        ("twice", {}),
    ],
)
def test_the_same_flow_shares_its_results_wherever_it_is_included(lab, flows, name, given):
    sharing = flows("sharing")
    assert lab.submit(sharing.one, model="era").calls == LOADED

    again = lab.submit(getattr(sharing, name), **given)

    assert again.calls == []
    assert again.state == "succeeded"


def test_the_same_flow_included_twice_runs_once(lab, flows):
    seen = lab.submit(flows("sharing").twice)

    assert seen.calls == LOADED
    assert seen.result("both") == ["ERA0", "ERA1", "ERA0", "ERA1"]


def test_two_workflows_with_tasks_of_the_same_name_never_share(lab, flows):
    sharing = flows("sharing")

    assert lab.submit(sharing.left).calls == ["same"]
    assert lab.submit(sharing.right).calls == ["same"]
    assert lab.submit(sharing.left).calls == []


SCRIPT = """
from noting import note
from reflow import RunDir, Workflow
wf = Workflow("script")
@wf.job
def made(run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "made")
    return {value!r}{comment}
"""


@pytest.fixture
def script(tmp_path, monkeypatch, flows):
    """Make a script of a workflow that is called as all of them are, and import it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name, value, comment=""):
        (tmp_path / f"{name}.py").write_text(SCRIPT.format(value=value, comment=comment))
        return flows(name).wf

    return make


def test_two_scripts_that_call_different_tasks_the_same_do_not_share(lab, script):
    lab.submit(script("script_a", "from a"))

    seen = lab.submit(script("script_b", "from b"))

    assert seen.result("made") == "from b"
    assert seen.run.status(as_dict=True)["messages"] == [
        "made: results of a task of the same name in another file were not reused; "
        "give one of the workflows another name"
    ]


def test_what_one_of_two_scripts_of_one_name_forgets_is_left_to_the_other(local_lab, script):
    one, other = script("script_e", "from e"), script("script_f", "from f")
    done = local_lab.submit(one)
    local_lab.submit(other)

    assert local_lab.cli(one, "invalidate", "made", "--yes", run_dir=done.run_dir) == 0

    assert local_lab.submit(other).calls == []
    assert local_lab.submit(one).calls == ["made"]


def test_a_script_that_was_copied_or_commented_goes_on_with_its_results(lab, script):
    lab.submit(script("script_c", "from c"))

    assert lab.submit(script("script_d", "from c", "  # a comment")).calls == []


def test_a_task_whose_code_counts_and_has_no_source_is_not_reused(lab, flows):
    lab.submit(flows("reuse").unseen)
    again = lab.submit(flows("reuse").unseen)

    assert again.calls == ["made_up"]
    with lab.home():
        (told,) = again.run.why("made_up", as_dict=True)
    assert told["reason"] == 'it runs always: code="auto" needs its source, which is not to be found'


EDITED = """
import edited_helper
from reflow import Workflow
wf = Workflow("edited", code="auto")
@wf.job()
def task(n: int) -> int:
    return edited_helper.helped(n)
"""
HELPER = "def helped(n):\n    return n + {more}\n"


def test_what_an_edited_module_makes_before_it_is_loaded_again_is_not_reused(tmp_path, monkeypatch, flows):
    lab = Lab(tmp_path, "inline")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "edited_helper.py").write_text(HELPER.format(more=0))
    (tmp_path / "edited_flow.py").write_text(EDITED)
    wf, helper = flows("edited_flow").wf, flows("edited_helper")
    assert lab.submit(wf, n=1).result("task") == 1
    (tmp_path / "edited_helper.py").touch()
    assert lab.submit(wf, n=1).states == {"task": "1 reused"}
    lab.submit(wf, n=3)
    assert lab.submit(wf, n=3).states == {"task": "1 reused"}  # touched is not edited
    (tmp_path / "edited_helper.py").write_text(HELPER.format(more=1000))

    edited = lab.submit(wf, n=2)
    importlib.reload(helper)

    assert any("load it again" in told for told in edited.run.status(as_dict=True)["messages"])
    assert lab.submit(wf, n=2).result("task") == 1002
    assert lab.submit(wf, n=2).states == {"task": "1 reused"}


TAKING = """
{taking}
from reflow import Workflow
wf = Workflow({name!r}, code="auto")
@wf.job()
def task(n: int) -> int:
    return {call}
"""


@pytest.fixture
def taken(tmp_path, monkeypatch, flows):
    """Make a flow that takes something of a module, some of them through another one, and what edits that module."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name, taking, call, between=""):
        def edit(more):
            (tmp_path / f"{name}_helper.py").write_text(HELPER.format(more=more) + f"MORE = {more}\n")

        edit(0)
        (tmp_path / f"{name}_between.py").write_text(f"{between.format(name)}\n")
        (tmp_path / f"{name}.py").write_text(TAKING.format(taking=taking.format(name), call=call, name=name))
        loaded = flows(name)
        found = {"flow": loaded, "helper": flows(f"{name}_helper"), "between": flows(f"{name}_between")}
        return edit, found

    return make


WAYS = {
    "by name": ("from {0}_helper import helped as h", "h(n)", "", ["flow"]),
    "a number": ("from {0}_helper import MORE", "n + MORE", "", ["flow"]),
    "all": ("from {0}_helper import *", "helped(n)", "", ["flow"]),
    "made of it": ("import {0}_helper as m\nDOUBLE = 2 * m.MORE", "n + DOUBLE // 2", "", ["flow"]),
    "through another": (
        "from {0}_between import h", "h(n)", "from {0}_helper import helped as h", ["between", "flow"]
    ),
    "when it is called": ("import {0}_helper as m", "m.helped(n)", "", []),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_a_flow_took_before_a_module_was_loaded_again_makes_nothing_that_is_reused(tmp_path, taken, way):
    lab, name = Lab(tmp_path, "inline"), f"taken{[*WAYS].index(way)}"
    taking, call, between, after = WAYS[way]
    edit, modules = taken(name, taking, call, between)
    assert lab.submit(modules["flow"].wf, n=1).result("task") == 1
    edit(1000)

    importlib.reload(modules["helper"])
    for module in after:
        seen = lab.submit(modules["flow"].wf, n=1)
        (told,) = seen.run.status(as_dict=True)["messages"]
        assert seen.result("task") == 1
        assert f"{module if module != 'flow' else name}" in told
        assert "load it again, too, after " in told
        importlib.reload(modules[module])

    assert lab.submit(modules["flow"].wf, n=1).result("task") == 1001
    assert lab.submit(modules["flow"].wf, n=1).states == {"task": "1 reused"}


def test_modules_that_were_loaded_again_in_the_wrong_order_make_nothing_that_is_reused(tmp_path, taken):
    lab = Lab(tmp_path, "inline")
    edit, modules = taken("wrong", *WAYS["through another"][:3])
    lab.submit(modules["flow"].wf, n=1)
    edit(1000)
    for module in ("between", "flow", "helper"):
        importlib.reload(modules[module])

    seen = lab.submit(modules["flow"].wf, n=1)

    assert seen.result("task") == 1
    assert "load it again, too, after wrong_helper" in seen.run.status(as_dict=True)["messages"][0]
    for module in ("helper", "between", "flow"):
        importlib.reload(modules[module])
    assert lab.submit(modules["flow"].wf, n=1).result("task") == 1001
    assert lab.submit(modules["flow"].wf, n=1).states == {"task": "1 reused"}
