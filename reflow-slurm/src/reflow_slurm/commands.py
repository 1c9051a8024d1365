"""Slurm's commands: each with a clean environment and a time limit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from reflow.plugin import CommandResult, SchedulerError, StartedCommand, start_command
from reflow_slurm.environment import for_questions, for_submission
from reflow_slurm.parse import (
    SACCT_DELIMITER,
    SACCT_FIELDS,
    SQUEUE_FORMAT,
    STATE_FORMAT,
    USAGE_FIELDS,
    read_config,
    read_states,
)
from reflow_slurm.script import Submission

SUBMIT_S = 300.0  #: sbatch itself tries again for two minutes; one that is stopped sooner may be queued twice
ASK_S = 60.0
CANCEL_S = 120.0
AVAILABLE_S = 2.0

_CONFIG = ("scontrol", "show", "config")
_PARTITIONS = ("scontrol", "-o", "show", "partition")
_NO_ACCOUNTING = "accounting storage is disabled"


class Commands:
    """Calls Slurm's commands for one user.

    Args:
        environment: What the commands inherit, after it was scrubbed.
        submit_s: After how long sbatch is stopped.
    """

    def __init__(self, environment: Mapping[str, str], submit_s: float = SUBMIT_S) -> None:
        self._environment = dict(environment)
        self._submit_s = submit_s
        self._config: dict[str, str] | None = None
        self._asked: dict[tuple[str, ...], StartedCommand] = {}  # whose answers nobody has waited for yet
        self._user = str(os.getuid())

    def ask_ahead(self) -> None:
        """Begin to ask for settings and partitions; a command that cannot be started is told of when it is needed."""
        wanted = (_PARTITIONS,) if self._config is not None else (_CONFIG, _PARTITIONS)
        for argv in wanted:
            if argv not in self._asked:
                with suppress(SchedulerError):
                    self._asked[argv] = self._start(argv)

    def stop_asking(self) -> None:
        """Give up the answers that nobody has waited for."""
        while self._asked:
            self._asked.popitem()[1].stop()

    @property
    def cluster(self) -> str:
        """The cluster that commands reach from here: the one that this job runs on, else as the controller says."""
        return self._environment.get("SLURM_CLUSTER_NAME") or self.config().get("ClusterName", "")

    def config(self, timeout_s: float = ASK_S) -> dict[str, str]:
        """Return the cluster's settings, asked for once.

        Raises:
            SchedulerError: The controller gave no answer.
        """
        if self._config is None:
            config = read_config(said := self._ask(*_CONFIG, timeout_s=timeout_s))
            if "ClusterName" not in config:  # which would be taken for a cluster without limits
                raise SchedulerError(
                    f"scontrol printed no settings but {said[:80]!r}; type: scontrol show config"
                )
            self._config = config
        return self._config

    def partitions(self) -> str:
        """Return what the controller knows of the partitions, a line each.

        Raises:
            SchedulerError: It gave no answer.
        """
        return self._ask(*_PARTITIONS)

    def limits_of_user(self) -> str:
        """Return what the controller knows of the limits of this user, as ``scontrol show assoc_mgr`` prints it."""
        from pwd import getpwuid  # this question alone is not asked by the user's number

        user = getpwuid(int(self._user)).pw_name
        return self._ask("scontrol", "show", "assoc_mgr", f"users={user}", "flags=assoc,qos")

    def sbatch(self, submission: Submission) -> StartedCommand:
        """Begin to hand a submission over, from a directory that is there; `sbatch_result` waits for the answer."""
        environment = for_submission(self._environment)
        return start_command(submission.argv, environment, stdin=submission.script, cwd="/")

    def sbatch_result(self, started: StartedCommand) -> CommandResult:
        """Return what came of a submission that was begun."""
        return started.result(self._submit_s)

    def squeue(self, cluster: str, states: str = "all") -> str:
        """Return all of this user's elements that the controller knows, those that have ended too."""
        asked = ("squeue", "-h", "-r", "-t", states, "-u", self._user, "-o", SQUEUE_FORMAT)
        return self._ask(*asked, *self._elsewhere(cluster))

    def states(self, cluster: str, job: str) -> list[str]:
        """Return the states of a job, by the number that its own processes know; none once it is forgotten."""
        asked = ("squeue", "-h", "-t", "all", "-j", job, "-o", STATE_FORMAT, *self._elsewhere(cluster))
        result = self._run(asked, ASK_S)
        return [] if _has_ended_before(result.stderr) else read_states(_said(result))

    def exit_codes(self, cluster: str) -> str:
        """Return the exit codes of those that have failed."""
        columns = "ArrayJobID:20,ArrayTaskID:20,exit_code:20"
        asked = ("squeue", "-h", "-r", "-t", "FAILED", "-u", self._user, "-O", columns)
        return self._ask(*asked, *self._elsewhere(cluster))

    def sacct(self, cluster: str, *chosen: str) -> str | None:
        """Return what the accounting knows, or None where there is none.

        Raises:
            SchedulerError: There is one, and it gave no answer.
        """
        return self._sacct(cluster, "-X", "-D", "-o", ",".join(SACCT_FIELDS), *chosen)

    def usage(self, cluster: str, *chosen: str) -> str | None:
        """Return what the steps of jobs took, or None where there is no accounting.

        Raises:
            SchedulerError: There is one, and it gave no answer.
        """
        return self._sacct(cluster, "--units=K", "-o", ",".join(USAGE_FIELDS), *chosen)

    def _sacct(self, cluster: str, *asked: str) -> str | None:
        shape = ("sacct", "-n", "-P", f"--delimiter={SACCT_DELIMITER}", "-u", self._user)
        result = self._run((*shape, *asked, *self._elsewhere(cluster)), ASK_S)
        if _NO_ACCOUNTING in result.stderr:
            return None
        return _said(result)

    def scancel(self, cluster: str, addresses: list[str]) -> None:
        """Ask for jobs to be ended; those that have ended already are no error."""
        result = self._run(("scancel", *self._elsewhere(cluster), *addresses), CANCEL_S)
        if not result.ok and not _has_ended_before(result.stderr):
            _said(result)

    def _elsewhere(self, cluster: str) -> tuple[str, ...]:
        """Return the option that asks another cluster; it needs an accounting that both share."""
        return (f"--clusters={cluster}",) if cluster and cluster != self.cluster else ()

    def _ask(self, *argv: str, timeout_s: float = ASK_S) -> str:
        return _said(self._run(argv, timeout_s))

    def _run(self, argv: tuple[str, ...], timeout_s: float) -> CommandResult:
        return (self._asked.pop(argv, None) or self._start(argv)).result(timeout_s)

    def _start(self, argv: tuple[str, ...]) -> StartedCommand:
        return start_command(argv, for_questions(self._environment), cwd="/")


def _said(result: CommandResult) -> str:
    if not result.ok:
        raise SchedulerError(f"Slurm gave no answer: {result.describe()}; type: scontrol ping")
    return result.stdout


_ENDED = ("Invalid job id specified", "already completing or completed")


def _has_ended_before(stderr: str) -> bool:
    lines = stderr.strip().splitlines()
    return bool(lines) and all(any(text in line for text in _ENDED) for line in lines)
