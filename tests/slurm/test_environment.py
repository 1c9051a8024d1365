"""Nothing of an outer job, and nothing of the user's settings for Slurm's commands, reaches them."""

from __future__ import annotations

import pytest

from reflow_slurm.environment import for_questions, for_submission

HOSTILE = (
    *("SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_MEM_PER_NODE", "SLURM_CPU_BIND", "SLURM_CLUSTERS"),
    *(
        "SBATCH_WAIT",
        "SBATCH_ARRAY_INX",
        "SBATCH_EXPORT",
        "SBATCH_OUTPUT",
        "SRUN_CPUS_PER_TASK",
        "SALLOC_PARTITION",
    ),
    *("SQUEUE_STATES", "SQUEUE_FORMAT", "SACCT_FORMAT", "SCANCEL_STATE", "SLURM_JSON"),
)


@pytest.mark.parametrize("clean", [for_submission, for_questions])
@pytest.mark.parametrize("name", HOSTILE)
def test_what_changes_their_meaning_is_taken_away(clean, name):
    assert name not in clean({name: "x", "HOME": "/home/me"})


@pytest.mark.parametrize("clean", [for_submission, for_questions])
@pytest.mark.parametrize("name", ["SLURM_CONF", "PATH", "HOME", "OMP_NUM_THREADS", "SLURMISH"])
def test_the_rest_is_kept(clean, name):
    assert clean({name: "x"})[name] == "x"


def test_logs_are_the_users_alone_whatever_an_outer_job_says():
    assert for_submission({"SLURM_UMASK": "0000"})["SLURM_UMASK"] == "0077"


def test_devices_of_the_outer_job_stay_there():
    assert "CUDA_VISIBLE_DEVICES" not in for_submission({"CUDA_VISIBLE_DEVICES": "3", "SLURM_JOB_ID": "1"})
    assert for_submission({"CUDA_VISIBLE_DEVICES": "3"})["CUDA_VISIBLE_DEVICES"] == "3"


@pytest.mark.parametrize("clean", [for_submission, for_questions])
def test_secrets_that_were_given_in_the_environment_are_not_handed_to_jobs(clean):
    assert clean({"REFLOW_PARAM_TOKEN": "x", "REFLOW_STORE": "s"}).keys() & {
        "REFLOW_PARAM_TOKEN",
        "REFLOW_STORE",
    } == {"REFLOW_STORE"}


def test_array_expressions_are_not_cut():
    assert for_questions({"SLURM_BITSTR_LEN": "64"})["SLURM_BITSTR_LEN"] == "0"


def test_times_are_seconds_whatever_the_user_likes_to_read():
    assert for_questions({"SLURM_TIME_FORMAT": "relative"})["SLURM_TIME_FORMAT"] == "%s"
