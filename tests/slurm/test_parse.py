"""What squeue, sacct and scontrol print is read whole or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.plugin import JobState, SchedulerError, Usage
from reflow_slurm.native import NativeId, parse_native_id
from reflow_slurm.parse import (
    SQUEUE_FORMAT,
    elements_of,
    read_config,
    read_elements,
    read_exit_codes,
    read_log,
    read_sacct,
    read_squeue,
    read_states,
    read_usage,
)

TOKEN = "0123456789abcdef0123"
OURS = NativeId("812", "test", TOKEN, 4)


def squeue(
    job="812", elements="0", state="RUNNING", reason="None", nodes="n1", name="f.t.0123456789", comment=None
):
    """Return a line as squeue prints it."""
    values = {"F": job, "K": elements, "T": state, "r": reason, "N": nodes, "j": name}
    values["k"] = f"reflow:{TOKEN}" if comment is None else comment
    line = SQUEUE_FORMAT
    for letter, value in values.items():
        line = line.replace(f"%{letter}", value)
    return f"{line}\n"


def sacct(job_id, state, code="0:0", nodes="n1", name="f.t.0123456789"):
    """Return a line as sacct prints it."""
    return "\x1f".join([job_id, state, code, nodes, name]) + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", (7,)),
        ("[0-3]", (0, 1, 2, 3)),
        ("10-12%6", (10, 11, 12)),
        ("[1,3,5-9:2%4]", (1, 3, 5, 7, 9)),
        ("[0-2,7,...]", (0, 1, 2, 7)),
        ("N/A", (0,)),
        ("", ()),
    ],
)
def test_array_expressions(text, expected):
    assert read_elements(text) == expected


def test_rows_of_squeue_are_read():
    rows = read_squeue(squeue() + squeue(elements="1-3%2", state="PENDING", reason="Resources", nodes=""))

    reports = elements_of(OURS, rows)
    assert [reports[n].state for n in range(4)] == [JobState.RUNNING] + [JobState.PENDING] * 3
    assert reports[3].reason.startswith("Resources: ")


def test_elements_that_are_held_alike_have_one_reason_that_names_the_array():
    told = "".join(squeue(elements=str(n), state="PENDING", reason="JobHeldUser") for n in (0, 1, 2))
    reports = elements_of(
        OURS, read_squeue(told + squeue(elements="3", state="PENDING", reason="JobHeldAdmin"))
    )

    assert {reports[n].reason for n in range(3)} == {"JobHeldUser: held; type: scontrol release 812"}
    assert reports[3].reason.endswith("scontrol release 812_3")


@given(st.text(), st.text())
def test_names_and_comments_of_other_jobs_hide_nothing(name, comment):
    separators = str.maketrans("", "", "\x1e\x1f")
    other = squeue("7", "N/A", name=name.translate(separators), comment=comment.translate(separators))

    assert 0 in elements_of(OURS, read_squeue(other + squeue() + other))


def test_chatter_around_the_rows_is_no_row():
    assert len(read_squeue(f"CLUSTER: north\n{squeue()}last updated 10 s ago\n")) == 1


@given(st.data())
def test_output_that_was_cut_is_no_answer(data):
    whole = squeue() + squeue(elements="1")
    cut = whole[: data.draw(st.integers(len(squeue()) + 1, len(whole) - 2))]

    with pytest.raises(SchedulerError, match="not whole"):
        read_squeue(cut)


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        ({}, True),
        ({"name": "renamed-by-the-site"}, True),
        ({"comment": "replaced by the site"}, True),
        ({"comment": "(null)"}, True),
        ({"comment": "reflow:ffff", "name": "f.t.0123456789"}, False),
        ({"comment": "x", "name": "somebody.else"}, False),
        ({"job": "813"}, True),
    ],
    ids=str,
)
def test_job_is_ours_by_its_comment_or_its_name(change, is_ours):
    assert bool(elements_of(OURS, read_squeue(squeue(**change)))) is is_ours


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        ("COMPLETED", "RUNNING", JobState.RUNNING),
        ("RUNNING", "COMPLETED", JobState.RUNNING),
        ("COMPLETED", "TIMEOUT", JobState.TIMEOUT),
        ("TIMEOUT", "COMPLETED", JobState.TIMEOUT),
        ("CANCELLED", "PENDING", JobState.PENDING),
    ],
)
def test_of_two_copies_the_one_that_works_counts(first, second, counts):
    rows = read_squeue(squeue(state=first) + squeue(job="813", state=second))

    assert elements_of(OURS, rows)[0].state is counts


def test_newest_row_of_the_accounting_counts():
    rows = read_sacct(sacct("812_0", "NODE_FAIL") + sacct("812_0", "COMPLETED"))

    assert elements_of(OURS, rows)[0].state is JobState.COMPLETED


def test_accounting_tells_ends_in_words():
    text = (
        sacct("812_0", "FAILED", "3:0")
        + sacct("812_1", "FAILED", "0:9")
        + sacct("812_2", "CANCELLED by 1000")
        + sacct("812_[3-4%2]", "CANCELLED by 0", nodes="None assigned")
        + sacct("812_5", "FAILED", "127:0")
    )

    reports = elements_of(OURS, read_sacct(text))
    assert reports[0].reason == "FAILED on n1: ended with exit status 3"
    assert reports[5].reason == "FAILED on n1: ended with exit status 127; is its Python there?"
    assert "SIGKILL" in reports[1].reason
    assert reports[2].reason == "CANCELLED on n1: cancelled by user 1000"
    assert reports[4].reason == "CANCELLED: cancelled by user 0"


@pytest.mark.parametrize(
    "line",
    [
        sacct("812", "COMPLETED"),
        sacct("812_0.batch", "COMPLETED"),
        sacct("812_0", "PENDING", name="allocation"),
        sacct("812_0", "COMPLETED", name="another.9999999999"),
        "sacct: warning\n",
        "\n",
    ],
)
def test_rows_of_others_and_of_steps_are_not_ours(line):
    assert elements_of(OURS, read_sacct(line)) == {}


def test_line_of_the_accounting_that_was_cut_is_no_answer():
    with pytest.raises(SchedulerError, match="not whole"):
        read_sacct("812_0\x1fCOMPL")


OURS_USED = f"812_0\x1fdemo.convert.{TOKEN[:10]}\x1f1790000010\x1f\n"
USED = {
    # lines of sacct, of a job and its steps: what it took
    OURS_USED + "812_0.batch\x1fbatch\x1f1790000009\x1f102400K\n": Usage(1790000010_000, 100),
    OURS_USED + "812_0.extern\x1fextern\x1f1790000010\x1f2048.50K\n": Usage(1790000010_000, 2),
    OURS_USED: Usage(1790000010_000),
    OURS_USED.replace("1790000010", "Unknown"): Usage(),
    OURS_USED.replace("demo", "other").replace(TOKEN[:10], "0" * 10)
    + "812_0.batch\x1fbatch\x1f1\x1f9K\n": Usage(),
    "": Usage(),
    "a site's greeting\n": Usage(),
}


@pytest.mark.parametrize("output", USED, ids=repr)
def test_what_a_job_took_is_read_from_its_steps_where_it_is_ours(output):
    assert read_usage(output, TOKEN) == USED[output]


def test_exit_codes_are_read_from_columns():
    text = "812                 0                   768       \n812                 N/A                 9\n"

    assert read_exit_codes(text) == {("812", 0): (3, 0)}


def test_settings_are_read():
    text = "Configuration data as of x\nClusterName             = test\nMaxArraySize            = 51\nBOOT_TIME = y\n"

    assert read_config(text)["MaxArraySize"] == "51"
    assert read_config(text)["ClusterName"] == "test"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("*** JOB 812 ON n1 CANCELLED AT 2026-01-01T10:00:00 DUE TO TIME LIMIT ***", JobState.TIMEOUT),
        ("*** JOB 812 ON n1 CANCELLED AT 2026-01-01T10:00:00 DUE TO PREEMPTION ***", JobState.PREEMPTED),
        ("*** JOB 812 ON n1 CANCELLED AT 2026-01-01T10:00:00 DUE TO NODE FAILURE ***", JobState.NODE_FAIL),
        ("*** JOB 812 ON n1 CANCELLED AT 2026-01-01T10:00:00 ***", JobState.CANCELLED),
        ("Exceeded job memory limit", JobState.OUT_OF_MEMORY),
        ("Job 812 exceeded memory limit (39407 > 20684), being killed", JobState.OUT_OF_MEMORY),
        ("StepId=812.batch exceeded memory limit (39407 > 20684), being killed", JobState.OUT_OF_MEMORY),
        ("Detected 2 oom-kill event(s) in step 812.batch cgroup.", JobState.OUT_OF_MEMORY),
        ("Detected 1 oom_kill event in StepId=812.batch. Some of the step tasks", JobState.OUT_OF_MEMORY),
    ],
)
@pytest.mark.parametrize("writer", ["slurmstepd: error: ", "slurmstepd-n1: error: ", "slurmd[n1]: "])
@pytest.mark.parametrize("before", ["said by the task\n", "a line without its end", "\r 42%"])
def test_log_says_why_slurm_ended_it(before, writer, line, state):
    assert read_log(f"{before}{writer}{line}\n").state is state


def test_log_says_what_srun_saw_of_the_tasks_steps():
    told = read_log("srun: error: n[1-2]: tasks 0-1: Out Of Memory\n")

    assert told.state is JobState.OUT_OF_MEMORY


@pytest.mark.parametrize(
    "printed",
    [
        "cancelled by the user\n*** important ***",
        "warning: CUDA out of memory, falling back to the CPU",
        "RuntimeError: Out Of Memory",
        "my own oom-killer: oom-kill event",
        "slurmstepd said more\nwarning: Exceeded job memory limit",
        "srun: error: the GPU of task 0: Out Of Memory",
        "*** JOB 812 ON n1 CANCELLED AT 2026-01-01T10:00:00 DUE TO PREEMPTION ***",
    ],
)
def test_log_of_the_task_alone_says_nothing(printed):
    assert read_log(f"{printed}\n") is None


@given(st.integers(1, 2**40), st.sampled_from(["", "test", "a-b.c_d"]), st.integers(0, 10**6))
def test_native_ids_are_read_back(job, cluster, count):
    native = NativeId(str(job), cluster, TOKEN, count)

    assert parse_native_id(native.text()) == native


@pytest.mark.parametrize("text", ["", "812", "812_3", "999999999", "-1;x;y;1", "812;a b;c;1", "[1,2]"])
def test_other_texts_are_no_native_ids(text):
    assert parse_native_id(text) is None


@given(st.lists(st.integers(0, 10**5), max_size=5))
def test_element_is_never_addressed_by_a_bare_number(elements):
    addresses = OURS.addresses(tuple(elements))

    assert addresses == ([f"812_{element}" for element in elements] or ["812"])


def test_states_of_a_job_are_read_between_what_a_wrapper_prints():
    assert read_states("CLUSTER: north\n\x1eRUNNING\x1f\n\x1eCOMPLETED\x1f\n") == ["RUNNING", "COMPLETED"]
    assert read_states("CLUSTER: north\n") == []
