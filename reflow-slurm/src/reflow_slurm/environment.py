"""The environment of Slurm's commands: nothing of an outer job, nothing that changes what they do or print."""

from __future__ import annotations

from collections.abc import Mapping

_SCRUBBED = (
    *("SLURM_", "SLURMD_", "SLURMSTEPD_", "SBATCH_", "SRUN_", "SALLOC_"),
    *("SQUEUE_", "SACCT_", "SACCTMGR_", "SCANCEL_", "SCONTROL_", "SINFO_"),
)
_SECRETS = "REFLOW_PARAM_"  #: clusters may keep the environments of jobs; the run has its secrets in a file
_KEPT = ("SLURM_CONF",)
_OF_THE_OUTER_JOB = ("CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what Slurm's commands read as options, the outer job's devices, and secrets."""
    in_a_job = "SLURM_JOB_ID" in environment
    return {
        name: value
        for name, value in environment.items()
        if (name in _KEPT or not name.startswith((*_SCRUBBED, _SECRETS)))
        and not (in_a_job and name in _OF_THE_OUTER_JOB)
    }


def for_submission(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of ``sbatch``, which the job inherits; its log is the user's alone.

    ``SLURM_UMASK`` counts for more than the umask of the process, which belongs to all its threads.
    """
    return {**scrubbed(environment), "SLURM_UMASK": "0077"}


def for_questions(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of commands whose output is read; times are seconds since 1970 there."""
    told = {"SLURM_BITSTR_LEN": "0", "SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"}
    return {**scrubbed(environment), **told}
