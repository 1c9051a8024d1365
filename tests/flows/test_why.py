"""Each instance can say why it ran, was reused, waits, failed, was skipped or cancelled, and is right about it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lab import Lab

from reflow.compose.runs import open_run
from reflow.errors import UnknownTask
from reflow.model.records import Changes
from reflow.model.states import InstanceState
from reflow.run.why_tasks import task_reasons
from reflow.rundir.queue import Asked, keep_waits

ABC = ["a", "b", "c"]
KEYS = [
    *(
        "task",
        "index",
        "array",
        "state",
        "cause",
        "reason",
        "others",
        "attempt",
        "identity",
        "earlier",
        "parts",
    ),
    *("waits_for", "blocked_by", "queue", "failure", "notes"),
]


@pytest.fixture(scope="module")
def lab(labs_of_module):
    return labs_of_module("inline")


@pytest.fixture(scope="module")
def labs_of_module(tmp_path_factory):
    return lambda executor: Lab(tmp_path_factory.mktemp("lab"), executor)


@pytest.fixture
def own_lab(labs_of_module):
    """One that no other test submits to."""
    return labs_of_module("inline")


@pytest.fixture(scope="module")
def wf(flows):
    return flows("asked").wf


@pytest.fixture(scope="module")
def first(lab, wf):
    return lab.submit(wf, items=ABC)


@pytest.fixture
def ask(lab):
    """Ask a run about one instance."""

    def ask(seen, task, index=None):
        with lab.home():
            return seen.run.why(task, index, as_dict=True)[0]

    return ask


def changed(told):
    return {
        part["name"] or part["kind"]: (part["then"], part["now"]) for part in told["parts"] if part["changed"]
    }


CHANGES = {
    # what is submitted after items=["a", "b", "c"]; who is asked: why it ran, and what changed
    "a parameter": ({"scale": 2}, ("convert", 1), {"scale": ("1.0", "2.0")}),
    "an item": ({"items": ["a", "X", "c"]}, ("convert", 1), {"item": ("'b'", "'X'")}),
    "the list": ({"items": ["a", "X", "c"]}, ("prepare", None), {"items": ("['a', 'b', 'c']", "['a', 'X', 'c']")}),
    "what is chained": ({"scale": 3}, ("check", 2), {"text": ("'c by 1.0'", "'c by 3.0'")}),
    "one item more": ({"items": [*ABC, "d"]}, ("convert", 3), {"item": ("'c'", "'d'")}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_ran_again_says_what_changed_since_the_nearest_earlier_result(own_lab, wf, ask, change):
    given, who, wanted = CHANGES[change]
    first = own_lab.submit(wf, items=ABC)

    told = ask(own_lab.submit(wf, **{"items": ABC, **given}), *who)

    assert (told["state"], told["cause"]) == ("succeeded", "changed")
    assert changed(told) == wanted
    assert told["reason"] == f"{' and '.join(wanted)} changed"
    assert told["earlier"]["run_id"] == first.run.id


def test_a_record_is_written_then_as_it_is_now(own_lab, flows, ask):
    flow = flows("asked")
    own_lab.submit(flow.recorded, box=flow.Box(1, 2))

    told = ask(own_lab.submit(flow.recorded, box=flow.Box(1, 3)), "area")

    assert changed(told) == {"box": ("Box(width=1, height=2)", "Box(width=1, height=3)")}


def test_a_gather_says_which_elements_changed(own_lab, wf, ask):
    own_lab.submit(wf, items=ABC)

    told = ask(own_lab.submit(wf, items=["a", "changed", "c"]), "finalize")

    parts = {part["name"]: part["elements"] for part in told["parts"] if part["kind"] == "input"}
    assert parts == {"lengths": {"check": [1]}, "texts": {"convert": [1]}}


def test_what_comes_after_a_task_that_returned_something_else_names_the_elements_that_did(own_lab, wf, ask):
    own_lab.submit(wf, items=ABC)

    told = ask(own_lab.submit(wf, items=["a", "longer", "c"]), "tidy")

    assert (told["cause"], told["reason"]) == ("changed", "what it comes after changed")
    (part,) = [part for part in told["parts"] if part["changed"]]
    assert (part["kind"], part["origin"], part["elements"]) == ("after", "check", {"check": [1]})


def test_an_item_of_several_lists_names_which_one_of_all_it_is_and_the_list_that_changed(own_lab, flows, ask):
    own_lab.submit(flows("asked").flat, lengths=[2, 1])

    told = ask(own_lab.submit(flows("asked").flat, lengths=[2, 1], mark="!"), "each", 2)

    assert told["reason"] == "item changed"
    (part,) = [part for part in told["parts"] if part["changed"]]
    assert (part["then"], part["now"]) == ("'1.0'", "'1.0!'")
    assert (part["origin"], part["elements"]) == ("item 2 of lists", {"lists": [1]})


def test_the_origin_of_an_input_is_named(lab, wf, first, ask):
    told = ask(lab.submit(wf, items=["a", "b", "origin"]), "convert", 2)

    assert [(p["name"], p["origin"]) for p in told["parts"] if p["origin"]] == [("item", "prepare[2]")]


def test_the_nearest_result_is_that_with_least_changes_wherever_it_is(lab, wf, first, ask):
    lab.submit(wf, items=["p", "q"], scale=7)
    other = lab.submit(wf, items=["q", "r"], scale=8)

    told = ask(lab.submit(wf, items=["a", "q", "r"], scale=9), "convert", 2)

    assert told["earlier"]["run_id"] == other.run.id
    assert told["earlier"]["index"] == 1
    assert changed(told) == {"scale": ("8.0", "9.0")}


def test_what_ran_for_the_first_time_says_so(first, ask):
    told = ask(first, "convert", 0)

    assert (told["cause"], told["earlier"], told["parts"]) == ("first", None, [])
    assert "asked.convert" in told["reason"]


def test_a_run_of_the_past_is_not_compared_with_what_came_after_it(lab, wf, first, ask):
    lab.submit(wf, items=ABC, scale=20)

    assert ask(first, "convert", 0)["cause"] == "first"


def test_what_was_reused_says_from_which_run(lab, wf, first, ask):
    told = ask(lab.submit(wf, items=["c", "b", "a"]), "convert", 0)

    assert (told["state"], told["cause"]) == ("reused", "reused")
    assert (told["earlier"]["run_id"], told["earlier"]["index"]) == (first.run.id, 2)


def test_another_version_is_what_changed(lab, flows, ask):
    reuse = flows("reuse")
    lab.submit(reuse.first_version)

    told = ask(lab.submit(reuse.second_version), "versioned")

    assert changed(told) == {"version": ("1", "2")}
    assert told["reason"] == "the version changed"


@pytest.mark.parametrize("how", [{"force": True}, {"force_tasks": ["convert"]}], ids=str)
def test_what_was_forced_says_by_what(lab, wf, first, ask, how):
    told = ask(lab.submit(wf, items=ABC, **how), "convert", 1)

    assert told["cause"] == "forced"
    assert ("--force-tasks convert" if "force_tasks" in how else "--force") in told["reason"]


def test_what_is_not_cached_says_so(lab, wf, first, ask):
    again = lab.submit(wf, items=ABC)

    assert ask(again, "look")["cause"] == "uncached"
    assert "cache=False" in ask(again, "look")["reason"]


@pytest.fixture(scope="module")
def failed(lab, wf):
    return lab.submit(wf, items=ABC, bad="b", scale=40)


def test_what_failed_tells_the_error_its_place_its_arguments_and_what_it_asked_for(failed, ask):
    failure = ask(failed, "convert", 1)["failure"]

    assert (failure["type"], failure["message"]) == ("ValueError", "cannot convert b")
    (frame,) = failure["frames"]
    assert frame["file"].endswith("asked.py")
    assert (frame["function"], frame["code"]) == ("convert", 'raise ValueError(f"cannot convert {item}")')
    assert failure["arguments"] == {"item": "'b'", "scale": "40.0", "bad": "'b'"}
    assert (failure["asked_s"], failure["asked_mem_mib"]) == (600, 64)
    assert failure["took_s"] < 60
    assert 1 <= failure["peak_mib"] < 100_000


TOKEN = 'it\'s a "token"\nof two lines'


def test_frames_below_the_task_tell_what_they_were_given_and_no_secret(lab, flows, ask):
    seen = lab.submit(flows("asked").helped, number=1.0, token=TOKEN)
    failure = ask(seen, "helps")["failure"]

    first, last = failure["frames"]
    assert (first["function"], first["arguments"]) == ("helps", {})
    assert (last["function"], last["code"]) == ("divide", 'return number / by["zero"]')
    assert failure["arguments"]["number"] == "1.0"
    given = last["arguments"]
    assert (given["number"], given["by"]) == ("2.0", "{'zero': 0}")
    assert "token" not in given  # the name was deleted before that
    assert "RuntimeError" in given["rest"] or "Unspeakable" in given["rest"]
    assert "***" in given["more"]
    assert all(len(text) < 250 for text in given.values())
    assert "of two lines" not in str(failure)


ENDS = {
    # how an instance fails without a traceback: what is told of it
    "exits": "exited with 3 (sys.exit)",
    "returns what does not fit": "the output does not fit its annotation: expected int, got str 'one'",
}


@pytest.mark.parametrize("how", ENDS)
def test_what_failed_without_an_exception_tells_the_reason_and_its_memory_too(lab, flows, ask, how):
    failure = ask(lab.submit(flows("asked").ending, how=how), "ends")["failure"]

    assert (failure["type"], failure["message"], failure["frames"]) == (None, ENDS[how], [])
    assert failure["peak_mib"] >= 1


ASK = """
import json, sys
from asked import ending
run = ending.submit(sys.argv[1], executor="local", store=sys.argv[2], wait=True, how="is killed")
print(json.dumps(run.why("ends", as_dict=True)))
"""


def test_what_its_worker_died_in_tells_how_much_memory_that_had_held(labs_of_module, flows):
    lab = labs_of_module("local")
    # Linux begins to count with what whoever started a process holds: the shell stands between this one and reflow
    command = [
        "sh",
        "-c",
        '"$@"; exit $?',
        "sh",
        sys.executable,
        "-c",
        ASK,
        str(lab.new_run_dir()),
        lab.store,
    ]

    with lab.home():
        asked = subprocess.run(
            command, cwd=Path(flows("asked").__file__).parent, stdout=subprocess.PIPE, check=True
        )

    (told,) = json.loads(asked.stdout)
    assert told["failure"]["message"] == "killed by signal 9 (SIGKILL); out of memory?"
    assert 400 < told["failure"]["peak_mib"] < 1000


def test_a_log_is_named_where_there_is_one(labs_of_module, wf):
    lab = labs_of_module("local")
    seen = lab.submit(wf, items=ABC, bad="b")

    with lab.home():
        (told,) = seen.run.why("convert", 1, as_dict=True)

    with open(told["failure"]["log"], encoding="utf-8"):
        pass


def test_what_failed_tells_how_long_it_took_and_where_what_it_printed_is(labs_of_module, flows, ask):
    lab = labs_of_module("local")

    failure = ask(lab.submit(flows("asked").ending, how="takes its time"), "ends")["failure"]

    assert 0.3 <= failure["took_s"] < 60
    assert "what it printed\n" in Path(failure["log"]).read_text()


@pytest.mark.parametrize("who", ["finalize", "tidy"])
def test_what_was_skipped_for_many_names_the_first_and_how_many_more_there_are(lab, wf, ask, who):
    told = ask(lab.submit(wf, items=["v", "w", "x", "y", "z"], bad="all"), who)

    named = [
        f"convert[{index}] failed: ValueError: cannot convert {item}" for index, item in enumerate("vwx")
    ]
    assert told["blocked_by"] == [*named, "2 more of convert"]


SKIPPED = {
    # who was skipped, and which instance kept it from running
    "an element of a chain": ("check[skipped]", "convert[1] failed: ValueError: cannot convert b"),
    "a gather": ("finalize", "convert[1] failed: ValueError: cannot convert b"),
    "what comes after a chain": ("tidy", "convert[1] failed: ValueError: cannot convert b"),
}


@pytest.mark.parametrize("who", SKIPPED)
def test_what_was_skipped_names_the_instance_that_failed_however_far_up(failed, ask, who):
    selector, blocking = SKIPPED[who]

    told = ask(failed, selector)

    assert (told["state"], told["cause"]) == ("skipped", "upstream")
    assert told["blocked_by"] == [blocking]
    assert blocking in told["reason"]


def test_what_was_tried_again_tells_of_the_attempts_before(lab, wf, ask):
    seen = lab.submit(wf, items=ABC, bad="a", scale=50)
    lab.retry_all([seen])

    told = ask(seen, "convert", 0)

    assert told["attempt"] == 2
    assert told["notes"] == ["attempt 1 failed: ValueError: cannot convert a"]


def test_what_was_found_stale_says_why(lab, wf, ask):
    seen = lab.submit(wf, items=["s"])
    with lab.home():
        run = open_run(seen.run.id, run_dir=str(seen.run_dir))
        results = run.store.open_results(write=True)
    rows = run.ledger.instances("convert")
    results.invalidate([(row.identity, row.output) for row in rows], "s.nc is gone")
    results.close()
    run.close()

    told = ask(lab.submit(wf, items=["s"]), "convert", 0)

    assert told["cause"] == "stale"
    assert "s.nc is gone" in told["reason"]
    assert told["earlier"]["stale"] == "s.nc is gone"
    assert told["notes"] == ["it returned the same as before"]


def test_what_a_retry_made_again_says_that_its_file_was_gone(lab, flows, ask, tmp_path):
    (tmp_path / "broken").touch()
    seen = lab.submit(flows("asked").filed, folder=tmp_path)
    (tmp_path / "broken").unlink()
    (tmp_path / "made.txt").unlink()

    lab.retry_all([seen])

    told = ask(seen, "make")
    assert seen.state == "succeeded"
    assert told["cause"] == "retried"
    assert "did not hold any more" in told["reason"]
    assert "before" in told["notes"][-1]


@pytest.mark.parametrize(
    ("text", "compared"), [("text", "the same as"), ("longer text", "something else than")]
)
def test_what_was_rebuilt_for_what_must_run_says_so_and_whether_it_is_the_same(
    lab, flows, ask, tmp_path, text, compared
):
    outputs = flows("files").rebuilt
    (tmp_path / "text").write_text("text")
    lab.submit(outputs, out=tmp_path)
    (tmp_path / "made").unlink()
    (tmp_path / "text").write_text(text)

    seen = lab.submit(outputs, out=tmp_path, mark="<", verify=True)

    told = ask(seen, "make_from")
    assert seen.result("use_made") == f"<{text}"
    assert told["cause"] == "retried"
    assert told["reason"] == "what it had made did not hold any more, and was made again"
    assert f"it returned {compared} before" in told["notes"]


def test_what_ran_again_since_its_file_is_another_one_says_so(lab, flows, ask, tmp_path):
    lab.submit(flows("asked").filed, folder=tmp_path)
    (tmp_path / "made.txt").write_text("edited by hand")

    told = ask(lab.submit(flows("asked").filed, folder=tmp_path), "make")

    assert told["cause"] == "unusable"
    assert "files" in told["reason"]


def test_what_failed_before_says_that_and_is_not_compared_with_its_neighbours(
    own_lab, flows, monkeypatch, capsys
):
    fragile = flows("asked").fragile
    monkeypatch.setenv("BREAKS", "b")
    first = own_lab.submit(fragile, items=ABC)
    monkeypatch.delenv("BREAKS")
    reason = f"run {first.run.id} did the same work, and it failed"

    there = own_lab.new_run_dir()
    assert own_lab.cli(fragile, "submit", "--executor", "inline", "--items", *ABC, run_dir=there) == 0
    assert f"  handle  1 run, 2 reused  {reason}" in capsys.readouterr().err
    assert own_lab.cli(fragile, "why", "handle[1]", run_dir=there) == 0
    assert f"why it ran: {reason}" in capsys.readouterr().out


def test_every_explanation_has_the_same_keys(first, failed, lab):
    with lab.home():
        told = [one for seen in (first, failed) for one in seen.run.why(as_dict=True)]

    assert {tuple(one) for one in told} == {tuple(KEYS)}


def test_instances_in_one_state_are_told_together(failed, lab):
    with lab.home():
        told = failed.run.why("convert", as_dict=True)

    assert [(one["state"], one["index"], one["others"]) for one in told] == [
        ("succeeded", 0, [2]),
        ("failed", 1, []),
    ]


def test_very_many_reasons_are_not_told_one_by_one(lab, wf):
    seen = lab.submit(wf, items=[f"item{n}" for n in range(40)], bad="all")

    with lab.home():
        told = seen.run.why("convert", as_dict=True)

    assert len(told) == 5
    assert sum(1 + len(one["others"]) for one in told) == 40


def test_a_task_or_an_instance_that_is_not_there_is_an_error(first, lab):
    with lab.home():
        for wrong in [("convrt",), ("convert", 3)]:
            with pytest.raises(UnknownTask):
                first.run.why(*wrong)


def test_values_are_told_as_digits_of_their_digests_where_nothing_else_is_left(lab, wf, ask):
    gone = lab.submit(wf, items=["gone"], scale=60)
    for payload in gone.run_dir.glob(".reflow/*/jobs/*/payload.jsonl"):
        payload.unlink()

    told = ask(lab.submit(wf, items=["here"], scale=60), "convert", 0)

    then, now = changed(told)["item"]
    assert (len(then), now) == (8, "'here'")


def test_nothing_is_made_up_where_the_store_is_out_of_reach(lab, wf, ask, tmp_path):
    with lab.home():
        run = wf.submit(
            tmp_path / "run", executor="inline", store=str(tmp_path / "s.db"), wait=True, items=ABC
        )
        (tmp_path / "s.db").write_bytes(b"no store")

        (told,) = run.why("convert", 0, as_dict=True)

    assert told["cause"] == "unknown"
    assert "s.db" in told["reason"]


@pytest.fixture
def going(labs_of_module, flows, until):
    """A run whose instances wait until they are let go."""
    lab, wf = labs_of_module("local"), flows("gates").wf
    seen = lab.submit(wf, wait=False, names=["a", "b", "a"])
    until(lambda: len([call for call in seen.calls if call.startswith("begin")]) == 2)
    with lab.home():
        yield seen
        (seen.run_dir / "open").touch()
        seen.run.wait(60)


def test_what_waits_says_for_what(going):
    told = {(one["task"], one["index"]): one for one in going.run.why(as_dict=True)}

    assert told["behind", None]["waits_for"] == ["gated (0 of 3 done)"]
    assert told["behind", None]["reason"] == "it waits for gated (0 of 3 done)"
    assert told["gated", 2]["waits_for"] == ["gated[0]"]
    assert told["gated", 0]["state"] == "running"
    assert told["gated", 0]["queue"]["at_work"] == 2


def test_what_was_handed_over_names_its_job(going):
    with contextlib.closing(open_run(going.run.id, run_dir=str(going.run_dir))) as run:
        (job,) = [one for one in run.ledger.submissions() if one.task == "gated"]

    (told,) = going.run.why("gated", 1, as_dict=True)

    assert job.native_id
    assert told["queue"]["native_id"] == job.native_id
    assert re.fullmatch(rf"process \d+ on {os.uname().nodename}", told["queue"]["job"])
    assert told["queue"]["element"] is None  # workers share the instances


def test_what_waits_in_a_queue_says_what_the_scheduler_said(going):
    run = open_run(going.run.id, run_dir=str(going.run_dir))
    keep_waits(run.paths, Asked(1_790_000_000_000, {"gated": {"Priority: others go first": 2}}, {}, {}))
    run.close()

    (told,) = going.run.why("gated", 0, as_dict=True)

    assert told["queue"]["reasons"] == {"Priority: others go first": 2}
    assert told["queue"]["as_of"] == "2026-09-21T14:13:20Z"


def test_what_somebody_else_cancelled_says_that_it_was_from_outside(lab, wf, ask):
    seen = lab.submit(wf, items=["outside"], scale=70)
    reason = "its job was cancelled from outside (CANCELLED: cancelled by user 0)"
    with lab.home():
        run = open_run(seen.run.id, run_dir=str(seen.run_dir))
        ledger = run.open_ledger_to_write()
    rows = [
        row._replace(state=InstanceState.CANCELLED, output=None, reason=reason)
        for row in ledger.instances("convert")
    ]
    ledger.apply(Changes(instances=rows), ledger.take_epoch())
    ledger.close()
    run.close()

    told = ask(seen, "convert", 0)

    assert (told["state"], told["cause"], told["reason"]) == ("cancelled", "outside", reason)


SCRIPT = """
from reflow import Workflow
wf = Workflow("twin")
@wf.job
def made() -> str:
    return {value!r}
"""


def test_what_another_file_made_under_the_same_names_is_told_as_that(lab, flows, ask, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("twin_a", "twin_b"):
        (tmp_path / f"{name}.py").write_text(SCRIPT.format(value=name))
    lab.submit(flows("twin_a").wf)

    told = ask(lab.submit(flows("twin_b").wf), "made")

    assert told["cause"] == "foreign"
    assert "twin_a.py" in told["reason"]


def test_what_was_cancelled_says_that_its_user_did_it(going):
    going.run.cancel("gated[1]")
    (going.run_dir / "open").touch()
    going.run.wait(60)

    (told,) = going.run.why("gated[1]", as_dict=True)

    assert (told["state"], told["cause"]) == ("cancelled", "user")
    (behind,) = going.run.why("behind[1]", as_dict=True)
    assert behind["blocked_by"] == ["gated[1] cancelled"]


def test_what_another_run_made_meanwhile_was_not_there_when_this_one_was_submitted(local_lab, flows, until):
    wf = flows("gates").wf
    slow = local_lab.submit(wf, names=["x", "y"], wait=False)
    until(lambda: "begin y" in slow.calls)
    other = local_lab.new_run_dir()
    other.mkdir()
    (other / "open").touch()
    local_lab.submit(wf, names=["x"], run_dir=other)
    (slow.run_dir / "open").touch()
    with local_lab.home():
        slow.run.wait(60)

    told = {one.task: one for one in task_reasons(slow.run._run)}

    assert told["behind"] == ("behind", 1, 1, "no result of it was in the store when this run was submitted")
    assert told["gated"].reason == "no earlier result of it is in the store"
