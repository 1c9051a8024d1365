"""What sbatch answers is accepted, certainly refused, or unclear, and never the wrong one of these."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow_slurm.answers import Accepted, Refused, Unclear, read_answer

FAILED = "sbatch: error: Batch job submission failed: "

ACCEPTED = {
    "the number alone": (0, "123\n", "", ("123", "")),
    "number and cluster": (0, "569;test\n", "", ("569", "test")),
    "cluster with dots and dashes": (0, "1;hpc-2.site\n", "", ("1", "hpc-2.site")),
    "no line end": (0, "123", "", ("123", "")),
    "carriage return": (0, "123\r\n", "", ("123", "")),
    "chatter around it": (0, "Welcome to HPC\n123\nuse sacct to follow it\n", "", ("123", "")),
    "chatter with numbers in it": (0, "you have used 80 of 100 hours\n123\n", "", ("123", "")),
    "chatter on stderr": (0, "123\n", "sbatch: lua: partition set to compute\n", ("123", "")),
    "tried again, then taken": (
        0,
        "123\n",
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying.\n",
        ("123", ""),
    ),
    "an error text beside success": (0, "7\n", "sbatch: error: Socket timed out\n", ("7", "")),
    "spoken": (0, "Submitted batch job 123\n", "", ("123", "")),
    "spoken with a cluster": (0, "Submitted batch job 123 on cluster north\n", "", ("123", "north")),
    "the same number twice": (0, "123\n123\n", "", ("123", "")),
    "bytes that are no UTF-8, replaced": (0, "\ufffd\ufffd\n123\n", "", ("123", "")),
    "an id of a federation": (0, "2147483648123;fed\n", "", ("2147483648123", "fed")),
}

REFUSED = {
    "partition": (
        f"sbatch: error: invalid partition specified: x\n{FAILED}Invalid partition name specified",
        False,
    ),
    "account": (f"{FAILED}Invalid account or account/partition combination specified", False),
    "qos": (f"{FAILED}Invalid qos specification", False),
    "too much": (f"{FAILED}Requested node configuration is not available", False),
    "array": (f"{FAILED}Invalid job array specification", False),
    "not permitted": (f"{FAILED}Access/permission denied", False),
    "too long": (f"{FAILED}Pathname of a file, directory or other parameter too long", False),
    "gres": ("sbatch: error: Invalid generic resource (gres) specification", False),
    "option": ("sbatch: unrecognized option '--frob'\nTry \"sbatch --help\" for more information", False),
    "line ends": (
        "sbatch: error: Batch script contains DOS line breaks (\\r\\n)\nsbatch: error: instead of",
        False,
    ),
    "policy without a limit's name": (
        f"{FAILED}Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
        False,
    ),
    "policy on size": (
        f"sbatch: error: QOSMaxCpuPerJobLimit\n{FAILED}Job violates accounting/QOS policy (job submit limit, ...)",
        False,
    ),
    "submit limit of the association": (
        f"sbatch: error: AssocMaxSubmitJobLimit\n{FAILED}Job violates accounting/QOS policy (job submit limit, ...)",
        True,
    ),
    "submit limit of the QOS": (
        f"sbatch: error: QOSMaxSubmitJobPerUserLimit\n{FAILED}Job violates accounting/QOS policy (...)",
        True,
    ),
    "nobody there": (f"{FAILED}Unable to contact slurm controller (connect failure)", True),
    "queue full to the end": (
        f"sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying.\n"
        f"{FAILED}Resource temporarily unavailable",
        True,
    ),
    "switched off": (f"{FAILED}System submissions disabled", True),
    "standby": (f"{FAILED}Slurm backup controller in standby mode", True),
    "no credential": (
        f"sbatch: error: Munge encode failed: Failed to access socket\n{FAILED}Protocol authentication error",
        True,
    ),
    "rate": (f"{FAILED}Rate limit exceeded", True),
}

UNCLEAR = {
    "lost reply": (1, "", f"{FAILED}Socket timed out on send/recv operation"),
    "reset": (1, "", f"{FAILED}Zero Bytes were transmitted or received"),
    "send failure": (1, "", f"{FAILED}Unable to contact slurm controller (send failure)"),
    "receive failure": (1, "", f"{FAILED}Unable to contact slurm controller (receive failure)"),
    "reply that cannot be read": (
        1,
        "",
        f"sbatch: error: Munge decode failed: x\n{FAILED}Protocol authentication error",
    ),
    "lost reply, then refused by a wrapper's second try": (
        1,
        "",
        f"{FAILED}Socket timed out on send/recv operation\n{FAILED}Invalid job array specification",
    ),
    "lost reply, then nobody there": (
        1,
        "",
        f"{FAILED}Socket timed out on send/recv operation\n"
        f"{FAILED}Unable to contact slurm controller (connect failure)",
    ),
    "no answer in time": (None, "", ""),
    "no answer in time, with an id": (None, "123\n", ""),
    "no answer in time, with a refusal": (None, "", f"{FAILED}Invalid qos specification"),
    "killed": (-9, "", ""),
    "killed by a pipe that broke": (-13, "12", ""),
    "nothing at all": (0, "", ""),
    "success without an id": (0, "done\n", ""),
    "success with a refusal": (0, "", f"{FAILED}Invalid qos specification"),
    "two ids": (0, "123\n124\n", ""),
    "failure with an id": (1, "123\n", ""),
    "failure with an id and a refusal": (1, "123\n", f"{FAILED}Invalid qos specification"),
    "failure without a word": (1, "", ""),
    "an unknown text": (1, "", f"{FAILED}The moon is in the wrong phase"),
    "no such command in a wrapper": (127, "", "sh: 1: sbatch.real: not found"),
}


@pytest.mark.parametrize(("status", "stdout", "stderr", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(status, stdout, stderr, expected):
    assert read_answer(status, stdout, stderr) == Accepted(*expected)


@pytest.mark.parametrize(("stderr", "transient"), REFUSED.values(), ids=REFUSED)
def test_refused(stderr, transient):
    answer = read_answer(1, "", stderr)

    assert isinstance(answer, Refused)
    assert answer.transient is transient


@pytest.mark.parametrize("case", REFUSED)
def test_only_a_submit_limit_is_one_that_fewer_elements_may_be_within(case):
    answer = read_answer(1, "", REFUSED[case][0])

    assert answer.over_limit == case.startswith("submit limit")
    assert ("type: sacctmgr show" in answer.remedy and "maxsubmit" in answer.remedy) == answer.over_limit


@pytest.mark.parametrize(("status", "stdout", "stderr"), UNCLEAR.values(), ids=UNCLEAR)
def test_unclear(status, stdout, stderr):
    assert isinstance(read_answer(status, stdout, stderr), Unclear)


def test_refusal_keeps_sbatchs_words_without_its_prefixes():
    answer = read_answer(1, "", REFUSED["partition"][0])

    assert answer.words == "invalid partition specified: x; Invalid partition name specified"
    assert "sinfo" in answer.remedy


@given(
    st.none() | st.integers(-64, 255),
    st.text(st.characters(exclude_categories=["Nd"]), max_size=40),
    st.text(max_size=40),
)
def test_nothing_is_accepted_without_an_id(status, stdout, stderr):
    assert not isinstance(read_answer(status, stdout, stderr), Accepted)


@given(st.none() | st.integers(-64, 0), st.text(max_size=40), st.text(max_size=40))
def test_what_did_not_fail_by_itself_is_never_refused(status, stdout, stderr):
    assert not isinstance(read_answer(status, stdout, stderr), Refused)
