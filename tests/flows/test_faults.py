"""Whatever a task does: its state, its message and its log are right, and the rest of the run goes on."""

from __future__ import annotations

import json
import os
import signal

import pytest

OK = None  # there is nothing to say about an instance that succeeded
ONLY_IN_WORKERS = (
    ("prints_much", OK),
    ("prints_bytes", OK),
    ("ctrl_c", "KeyboardInterrupt"),
    ("exits_in_thread", OK),
    ("closes_output", OK),
    ("closes_descriptors", OK),
    ("closes_descriptors again", OK),
    ("closes_descriptors and again", OK),
    ("closes_descriptors time and again", OK),
    ("closes_descriptors for ever", OK),
    ("comes_back_twice", OK),
    ("reads_input", "EOFError: EOF when reading a line"),
    ("closes_input", OK),
    ("leaves_a_child", OK),
    ("leaves_a_thread", OK),
    ("takes_signals", OK),
    ("replaces_output", OK),
    ("replaces_output again", OK),
    ("fine in between", OK),
    ("fine in the end", OK),
    ("os_exit", "ended with exit status 5 (os._exit?)"),
    ("os_exit_well", "ended with exit status 0 (os._exit?)"),
    ("kill", "killed by signal 9 (SIGKILL); out of memory?"),
    ("segfault", "killed by signal 11 (SIGSEGV)"),
)
ANYWHERE = (
    ("fine", OK),
    ("raises", "ValueError: no such grid"),
    ("raises_from", "OSError: [Errno 5] no data"),
    ("raises_without_text", "KeyError"),
    ("raises_unspeakable", "Unspeakable: (its text cannot be made: RuntimeError)"),
    ("raises_no_exception", "NotAnException: base"),
    ("interrupted", "TaskInterrupted: by itself"),
    ("recurses", "RecursionError: maximum recursion depth exceeded"),
    ("exits", "exited with 3 (sys.exit)"),
    ("exits_well", "exited with 0 (sys.exit)"),
    ("exits_with_text", "exited: bye bye"),
    ("misfit", "the output does not fit its annotation: ['b'][1]: expected int, got str 'three'"),
    ("nothing", "the output does not fit its annotation: expected dict[str, list[int]], got None"),
    (
        "too_large",
        "the output is 5.7 MiB of text, and at most 4 MiB are kept; write it to a file and return its Path",
    ),
    ("moves_away", OK),
    ("stays", OK),
    ("moves_away again", OK),
    ("stays again", OK),
    ("fine again", OK),
)
WAYS = {"local": dict(ANYWHERE + ONLY_IN_WORKERS), "inline": dict(ANYWHERE)}


@pytest.fixture(scope="module")
def ways(shared_lab):
    """What each instance suffers, in order, and what is told of it."""
    return WAYS[shared_lab.executor]


@pytest.fixture(scope="module")
def wf(flows):
    return flows("faults").wf


@pytest.fixture(scope="module")
def exit_code_and_seen(shared_lab, wf, ways):
    run_dir = shared_lab.new_run_dir()
    options = {"--executor": shared_lab.executor}
    code = shared_lab.cli(wf, "submit", "--names", *ways, run_dir=run_dir, **options)
    seen = shared_lab.seen(wf, run_dir)
    yield code, seen
    for found in seen.results("suffer").values():
        for pid in found.get("pid", ()):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def seen(exit_code_and_seen):
    return exit_code_and_seen[1]


def test_a_run_with_failures_ends_failed_with_exit_code_1(exit_code_and_seen, shared_lab, wf):
    code, seen = exit_code_and_seen

    assert seen.state == "failed"
    assert code == 1
    assert shared_lab.cli(wf, "status", "--exit-code", run_dir=seen.run_dir) == 1
    assert shared_lab.cli(wf, "status", run_dir=seen.run_dir) == 0
    assert shared_lab.cli(wf, "wait", run_dir=seen.run_dir) == 1


def test_each_way_to_fail_is_told_in_its_own_words(seen, ways):
    told = {f"suffer[{i}]": message for i, message in enumerate(ways.values()) if message is not OK}

    assert seen.errors == told


def test_what_succeeds_among_failures_keeps_its_result(seen, ways):
    fine = {i for i, message in enumerate(ways.values()) if message is OK}

    assert set(seen.results("suffer")) == fine
    assert seen.results("after_each") == dict.fromkeys(fine, 1)


def test_each_instance_is_called_once_however_it_ends(seen, ways):
    assert [c for c in seen.calls if c.startswith("suffer")] == sorted(f"suffer {kind}" for kind in ways)


def test_what_follows_a_failure_is_skipped_and_the_rest_goes_on(seen, ways):
    failed = sum(message is not OK for message in ways.values())
    states = seen.states

    assert states["after_each"].endswith(f"{failed} skipped") or f"{failed} skipped," in states["after_each"]
    assert states["suffer"] == f"{failed} failed, {len(ways) - failed} succeeded"
    assert {name: states[name] for name in ("kinds", "gather", "afterwards", "elsewhere")} == {
        "kinds": "1 succeeded",
        "gather": "1 skipped",
        "afterwards": "1 skipped",
        "elsewhere": "1 succeeded",
    }
    assert not [call for call in seen.calls if call in ("gather", "afterwards")]


def test_the_log_of_an_instance_holds_what_it_printed_and_nothing_of_others(seen, ways, shared_lab):
    in_terminal = shared_lab.executor == "inline"
    lengths = {"prints_much": 100 * ((1 << 20) + 1) + 18, "prints_bytes": len("begin prints_bytes\n??\n")}

    for i, kind in enumerate(ways):
        if kind in lengths:
            assert len(seen.run.logs("suffer", i)) == lengths[kind]
        else:
            printed = seen.run.logs("suffer", i).partition("Traceback")[0]
            assert printed == ("" if in_terminal else f"begin {kind}\n")


def test_a_handle_gives_the_traceback_behind_what_was_printed(seen, ways):
    told = seen.run.logs("suffer", list(ways).index("raises"))

    assert "\nTraceback (most recent call last):\n" in f"\n{told}"
    assert told.endswith("\nValueError: no such grid\nsee the manual\n")


def test_the_logs_command_shows_the_chain_of_exceptions(seen, ways, shared_lab, wf, capfd):
    index = list(ways).index("raises_from")

    shared_lab.cli(wf, "logs", f"suffer[{index}]", run_dir=seen.run_dir)

    told = capfd.readouterr().out
    said = "" if shared_lab.executor == "inline" else "begin raises_from\n"
    assert told.startswith(f"{said}Traceback (most recent call last):\n")
    assert "ValueError: no such grid\nsee the manual\n\nThe above exception was the direct cause" in told
    assert told.endswith("OSError: [Errno 5] no data\n")
    assert "/reflow/worker/" not in told


def test_the_logs_command_shows_the_end_of_a_log_of_100_megabytes(seen, ways, shared_lab, wf, capfd):
    if "prints_much" in ways:  # what an inline run prints goes to the terminal
        index = list(ways).index("prints_much")

        shared_lab.cli(wf, "logs", f"suffer[{index}]", "-n", "1", run_dir=seen.run_dir)

        assert capfd.readouterr().out == "x" * (1 << 20) + "\n"


def test_each_failure_names_a_log_that_is_there(seen, shared_lab, wf, capsys):
    shared_lab.cli(wf, "status", "--json", run_dir=seen.run_dir)

    told = json.loads(capsys.readouterr().out)
    logs = {entry["log"] for entry in told["failed"]}
    assert {entry["attempt"] for entry in told["failed"]} == {1}
    assert logs == ({None} if shared_lab.executor == "inline" else {seen.run.errors()[0]["log"]})
    assert all(log is None or os.path.isfile(log) for log in logs)


def test_files_of_the_run_are_of_its_user_alone_whatever_a_task_printed(seen):
    for folder, folders, files in os.walk(seen.run_dir / ".reflow"):
        for name in [*folders, *files]:
            assert os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0


def test_of_many_instances_each_runs_once_and_those_that_die_cost_no_other(local_lab, flows):
    wide, width = flows("faults").wide, 1500
    dead, failed = set(range(400, width, 401)), set(range(96, width, 97))

    seen = local_lab.submit(wide, width=width)

    assert sorted(map(int, seen.calls)) == list(range(width))
    assert seen.results("each") == {n: -n for n in range(width) if n not in dead | failed}
    assert seen.results("doubled") == {n: -2 * n for n in range(width) if n not in dead | failed}
    assert {e["index"]: e["error"].split(" ")[0] for e in seen.run.errors()} == {
        **dict.fromkeys(failed, "ValueError:"),
        **dict.fromkeys(dead, "killed"),
    }


FLAKY = {
    # how it ends the first, second and third time: (calls, whether it succeeds, what is told)
    "raise": (2, None),
    "exit raise": (3, None),
    "raise exit raise": (3, "ValueError: time 3"),
    "misfit": (1, "the output does not fit its annotation: expected str, got None"),
    "fine": (1, None),
}
FLAKY_IN_WORKERS = {
    "kill": (2, None),
    "kill raise": (3, None),
    "raise kill": (3, None),
    "kill kill": (3, None),
    "kill raise kill": (3, "killed by signal 9 (SIGKILL); out of memory?"),
}


def test_retries_are_spent_on_exceptions_exits_and_crashes_alone(lab, flows):
    table = FLAKY if lab.executor == "inline" else FLAKY | FLAKY_IN_WORKERS

    seen = lab.submit(flows("flaky").wf, names=list(table))

    assert {name: seen.calls.count(name) for name in table} == {
        name: calls for name, (calls, _) in table.items()
    }
    assert seen.errors == {
        f"flaky[{i}]": told for i, (_, told) in enumerate(table.values()) if told is not None
    }
    assert {e["attempt"] for e in seen.run.errors()} == {1, 3}
    if lab.executor == "local":
        for i, (name, (calls, _)) in enumerate(table.items()):
            assert seen.run.logs("flaky", i).partition("Traceback")[0] == f"{name}, {calls}\n"


def test_a_retry_after_all_retries_were_spent_has_as_many_again(lab, flows):
    seen = lab.submit(flows("flaky").wf, names=["raise raise raise raise", "fine"])
    assert seen.state == "failed"

    with lab.home():
        seen.run.retry()
        seen.run.wait(60)

    assert seen.state == "succeeded"
    assert seen.result("flaky") == ["raise raise raise raise", "fine"]
    assert seen.calls.count("raise raise raise raise") == 5
    assert seen.calls.count("fine") == 1


def test_a_task_that_a_worker_cannot_find_is_told_where_to_define_it(local_lab, flows):
    late = flows("late")
    late.define()

    seen = local_lab.submit(late.wf)

    assert seen.errors == {
        "task[0]": f"{late.__file__} has no task 'task' when it is imported by a worker; "
        'define tasks in the module itself, not in a function or under: if __name__ == "__main__":'
    }
