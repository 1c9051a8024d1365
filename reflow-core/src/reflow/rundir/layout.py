"""Where each file of a run is, and nothing about what is in it."""

from __future__ import annotations

import os
import re

from reflow.errors import RunDirError, UnknownRun
from reflow.model.named_tuple import NamedTuple

FOLDER = ".reflow"  #: the directory of all runs inside a run directory
_RUN_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"  # compiled when it is first used
_TOKEN = r"[0-9a-f]{20}"


class SubmissionPaths(NamedTuple):
    """The files of one submission, while it is open and after."""

    directory: str

    @property
    def request(self) -> str:
        """What was asked of the executor, with the token."""
        return os.path.join(self.directory, "request.json")

    @property
    def receipt(self) -> str:
        """What the executor answered."""
        return os.path.join(self.directory, "receipt.json")

    @property
    def payload(self) -> str:
        """A line per instance: its inputs as far as they differ."""
        return os.path.join(self.directory, "payload.jsonl")

    @property
    def offsets(self) -> str:
        """Where each line of the payload begins: 8-byte little-endian offsets."""
        return os.path.join(self.directory, "payload.idx")

    @property
    def shared(self) -> str:
        """The inputs that all instances have in common."""
        return os.path.join(self.directory, "shared.json")

    @property
    def claims(self) -> str:
        """A file per element that has started, naming the job that runs it."""
        return os.path.join(self.directory, "claims")

    @property
    def outcomes(self) -> str:
        """The segments."""
        return os.path.join(self.directory, "outcomes")

    @property
    def done(self) -> str:
        """The completion markers."""
        return os.path.join(self.directory, "done")

    @property
    def joined(self) -> str:
        """All outcomes in one file, once the submission has ended."""
        return os.path.join(self.directory, "outcomes.jsonl")


class RunPaths(NamedTuple):
    """The files of one run; ``root`` is ``<run_dir>/.reflow/<run_id>``, absolute."""

    root: str

    @property
    def run_dir(self) -> str:
        """The directory that the user named, which tasks get as their ``RunDir``."""
        return os.path.dirname(os.path.dirname(self.root))

    @property
    def run_id(self) -> str:
        """The run's id."""
        return os.path.basename(self.root)

    @property
    def run_json(self) -> str:
        """The manifest, the parameters and all else that is fixed when a run is made."""
        return os.path.join(self.root, "run.json")

    @property
    def secrets(self) -> str:
        """The values of secret parameters, mode 0600."""
        return os.path.join(self.root, "secrets.json")

    @property
    def source(self) -> str:
        """The folder of the copies of the flow's file and of the project's modules."""
        return os.path.join(self.root, "source")

    @property
    def copies(self) -> str:
        """The copies, one behind the other."""
        return os.path.join(self.source, "modules")

    @property
    def compiled(self) -> str:
        """What these were compiled to."""
        return os.path.join(self.source, "compiled")

    @property
    def control(self) -> str:
        """The lease, notes, and the marks of cancel and retry."""
        return os.path.join(self.root, "control")

    @property
    def jobs(self) -> str:
        """A directory per submission."""
        return os.path.join(self.root, "jobs")

    @property
    def logs(self) -> str:
        """A log per task, and one per element while a submission is open."""
        return os.path.join(self.root, "logs")

    @property
    def messages(self) -> str:
        """What the user should be told about the run, a line each."""
        return os.path.join(self.root, "messages.txt")

    @property
    def driver_log(self) -> str:
        """What a detached driver prints."""
        return os.path.join(self.logs, "_driver.log")

    def submission(self, token: str) -> SubmissionPaths:
        """Return the files of one submission."""
        if not re.fullmatch(_TOKEN, token):
            raise RunDirError(f"{token!r} is no token of a submission")
        return SubmissionPaths(os.path.join(self.jobs, token))

    def element_log(self, token: str, element: int, worker: int | None = None) -> str:
        """Return the log of one element while its submission is open.

        Args:
            worker: The start of one of several workers that share the element: each has a log of its own.
        """
        name = f"{element}" if worker is None else f"{element}.{worker}"
        return os.path.join(self.logs, f"{token}.{name}.log")

    def task_log(self, task: str) -> str:
        """Return the joined log of a task."""
        return os.path.join(self.logs, f"{task}.log")


def run_paths(run_dir: str, run_id: str) -> RunPaths:
    """Return the files of a run; ids never become paths unchecked."""
    if not re.fullmatch(_RUN_ID, run_id):
        raise UnknownRun(f"{run_id!r} is no id of a run; see: reflow runs")
    return RunPaths(os.path.join(os.path.abspath(run_dir), FOLDER, run_id))


def list_runs(run_dir: str) -> list[str]:
    """Return the ids of the runs in a run directory, newest first; none when nothing was ever run there.

    Raises:
        RunDirError: The directory cannot be read.
    """
    folder = os.path.join(os.path.abspath(run_dir), FOLDER)
    try:
        with os.scandir(folder) as entries:
            found = [
                (os.stat(os.path.join(entry.path, "run.json")).st_mtime_ns, entry.name)
                for entry in entries
                if re.fullmatch(_RUN_ID, entry.name) and os.path.exists(os.path.join(entry.path, "run.json"))
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunDirError(f"run directory {run_dir!r} cannot be read: {error.strerror}") from error
    return [name for _, name in sorted(found, reverse=True)]
