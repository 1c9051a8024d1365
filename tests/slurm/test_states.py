"""Every state of every release of Slurm means something, and an unknown one never means an end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.plugin import JobState
from reflow_slurm.states import ExitCode, read_exit_code, report

#: Base states and flags of job_state_codes, 20.11 to 25.05, as squeue and sacct print them.
MEANINGS = {
    JobState.PENDING: "PENDING CONFIGURING REQUEUED REQUEUE_FED REQUEUE_HOLD SPECIAL_EXIT POWER_UP_NODE RESV_DEL_HOLD",
    JobState.RUNNING: "RUNNING SUSPENDED STOPPED SIGNALING RESIZING STAGE_OUT COMPLETING EXPEDITING",
    JobState.COMPLETED: "COMPLETED",
    JobState.FAILED: "FAILED",
    JobState.TIMEOUT: "TIMEOUT DEADLINE",
    JobState.OUT_OF_MEMORY: "OUT_OF_MEMORY",
    JobState.NODE_FAIL: "NODE_FAIL BOOT_FAIL LAUNCH_FAILED RECONFIG_FAIL",
    JobState.PREEMPTED: "PREEMPTED",
    JobState.CANCELLED: "CANCELLED REVOKED",
}
CASES = [(word, state) for state, words in MEANINGS.items() for word in words.split()]


@pytest.mark.parametrize(("word", "state"), CASES)
def test_known_words(word, state):
    assert report(word, "812_0", nodes="n1").state is state


@pytest.mark.parametrize(
    "word", [word for word, state in CASES if not state.is_active and word != "COMPLETED"]
)
def test_end_that_is_no_success_comes_with_words(word):
    assert report(word, "812_0").reason.startswith(f"{word}: ")


@pytest.mark.parametrize("word", ["CANCELLED by 1000", "CANCELLED+", "CANCELLED"])
def test_cancelled_in_all_its_forms(word):
    assert report(word, "812_0").state is JobState.CANCELLED


@given(st.text())
def test_word_that_nobody_knows_is_no_end(word):
    assert report(f"X{word}", "812_0").state.is_active


@pytest.mark.parametrize(
    "reason",
    [
        "JobHeldUser",
        "JobHeldAdmin",
        "launch failed requeued held",
        "launch_failed_requeued_held",
        "job requeued in held state",
        "job_requeued_in_held_state",
    ],
)
def test_held_element_names_the_command_that_releases_it(reason):
    assert "scontrol release 812_3" in report("PENDING", "812_3", reason=reason).reason


@pytest.mark.parametrize("reason", ["Resources", "Priority", "Dependency", "BeginTime"])
def test_element_that_waits_says_what_for(reason):
    assert report("PENDING", "812_3", reason=reason).reason.startswith(f"{reason}: ")


@pytest.mark.parametrize(
    "reason",
    [
        "PartitionConfig",
        "AssocMaxWallDurationPerJobLimit",
        "AssocMaxCpuPerJobLimit",
        "AssocMaxCpuMinutesPerJobLimit",
        "AssocMaxMemPerNode",
        "QOSMaxGRESPerJob",
        "QOSMaxWallDurationPerJobLimit",
        "QOSMinCpuNotSatisfied",
    ],
)
def test_reason_that_never_ends_says_what_to_type_and_promises_nothing(reason):
    words = report("PENDING", "812_3", reason=reason).reason

    assert "; type: " in words
    assert "at once" not in words


@pytest.mark.parametrize(
    "reason", ["AssocMaxJobsLimit", "AssocGrpCpuLimit", "QOSMaxCpuPerUserLimit", "MaxJobsPerAccount"]
)
def test_limit_that_others_make_room_in_is_one_on_what_is_used_at_once(reason):
    assert "at once" in report("PENDING", "812_3", reason=reason).reason


def test_to_drop_what_never_starts_ends_nothing_that_runs():
    assert "scancel --state=PENDING 812" in report("PENDING", "812", reason="BadConstraints").reason


def test_old_reason_of_a_cancelled_job_is_not_told():
    assert report("CANCELLED", "812_0", reason="JobArrayTaskLimit").reason == "CANCELLED: cancelled"


def test_log_that_could_not_be_opened_is_told_as_that():
    assert "log could not be opened" in report("FAILED", "812_0", code=ExitCode((0, 53))).reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3:0", (3, 0)),
        ("0:9", (0, 9)),
        ("768", (3, 0)),
        ("11", (0, 11)),
        ("4021", (0, 53)),
        ("", None),
        ("N/A", None),
    ],
)
def test_exit_codes_in_both_forms(text, expected):
    assert read_exit_code(text) == expected
