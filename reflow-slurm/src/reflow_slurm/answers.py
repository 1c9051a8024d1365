"""What sbatch answered: accepted, certainly not, or unknown."""

from __future__ import annotations

import re

from reflow.plugin import NamedTuple


class Accepted(NamedTuple):
    """The request is queued as this array job; the cluster is empty unless sbatch named it."""

    job: str
    cluster: str


class Refused(NamedTuple):
    """Nothing of the request is queued.

    Attributes:
        words: What sbatch said, in one line.
        transient: Whether the same request may be taken later.
        remedy: What to do about it, or empty.
        over_limit: Whether it was more than may be queued at once.
    """

    words: str
    transient: bool
    remedy: str
    over_limit: bool = False


class Unclear(NamedTuple):
    """The request may be queued or not."""

    words: str


Answer = Accepted | Refused | Unclear

_PARSABLE = re.compile(r"^\s*(\d+)(?:;([\w.-]+))?\s*$", re.MULTILINE)
_SPOKEN = r"Submitted batch job (\d+)(?: on cluster ([\w.-]+))?"  # compiled when first used, like the others
# that tries again may have been refused only because it had been taken before.
_UNCLEAR = (
    "Socket timed out",
    "(send failure)",
    "(receive failure)",
    "(shutdown failure)",
    "Zero Bytes were transmitted or received",
    "Message receive failure",
    "Message send failure",
    "Munge decode failed",
    "Unexpected message received",
    "Connection reset by peer",
    "Broken pipe",
)

_PLACES = "type: sinfo -s"
_LIMITS = {
    "Assoc": "type: sacctmgr show assoc user=$USER format=account,maxsubmit,grpsubmit",
    "QOS": "type: sacctmgr show qos format=name,maxsubmitpu,maxsubmitpa,grpsubmit",
}
_ACCOUNTS = "type: sacctmgr show assoc user=$USER format=account,partition,qos"

#: What slurmctld or sbatch says when nothing was queued, and may be when the same is asked for later.
_TRANSIENT = (
    "(connect failure)",
    "Communication connection failure",
    "submission failed: Resource temporarily unavailable",
    "Slurm backup controller in standby mode",
    "System submissions disabled",
    "Unable to create job record, try again",
    "I/O error writing script/environment to file",
    "Rate limit exceeded",
    "Error generating job credential",
    "Munge encode failed",
    "Could not establish a configuration source",
)
_SUBMIT_LIMIT = r"\b(Assoc|QOS)\w*Submit\w*Limit\b"  # the limit's own name; the sentence names several

#: What slurmctld or sbatch says to a request that it will never take, with what to do about it.
_PERMANENT = {
    "Invalid partition name specified": _PLACES,
    "No partition specified or system default partition": f"give a partition; {_PLACES}",
    "User's group not permitted to use this partition": f"choose another partition; {_PLACES}",
    "Required partition not available (inactive or drain)": f"choose another partition; {_PLACES}",
    "Requested partition configuration not available now": f"ask for less, or another partition; {_PLACES}",
    "Requested nodes not in this partition": _PLACES,
    "Invalid node name specified": "type: sinfo -N",
    "Invalid account or account/partition combination specified": _ACCOUNTS,
    "Invalid qos specification": _ACCOUNTS,
    "Requested node configuration is not available": "ask for less; type: sinfo -o '%P %c %m %G'",
    "Node count specification invalid": "ask for fewer nodes",
    "More processors requested than permitted": "ask for fewer CPUs",
    "CPU count specification invalid": "ask for fewer CPUs",
    "Task count specification invalid": "",
    "Requested more tasks than available processors": "",
    "Memory required by task is not available": "ask for less memory; type: sinfo -o '%P %m'",
    "Invalid memory specification": "",
    "Requested time limit is invalid (missing or exceeds some limit)": "ask for less time; type: sinfo -o '%P %l'",
    "Job violates accounting/QOS policy": "ask for less, or another account or QOS",
    "Requested account has breached requested QOS usage threshold": "",
    "Invalid generic resource (gres) specification": "type: sinfo -o '%P %G'",
    "Invalid Trackable RESource (TRES) specification": "",
    "Invalid feature specification": "type: sinfo -o '%P %f'",
    "Invalid license specification": "type: scontrol show licenses",
    "Invalid job array specification": "the array has more elements than the cluster's MaxArraySize allows",
    "Job dependency problem": "",
    "Access/permission denied": "this host or user may not submit here; ask your site",
    "Invalid user id": "",
    "Invalid group id": "",
    "User not found on host": "",
    "Only batch jobs are accepted or processed": "",
    "Requested operation is presently disabled": "",
    "Requested operation not supported on this system": "",
    "Access denied to requested reservation": "",
    "Requested reservation is invalid": "type: scontrol show reservations",
    "Requested reservation not usable now": "type: scontrol show reservations",
    "Pathname of a file, directory or other parameter too long": "use a run directory with a shorter name",
    "Incompatible versions of client and server code": "ask your site",
    "Invalid wckey specification": "",
    "Burst Buffer request invalid": "",
    "Burst Buffer permission denied": "",
}
# Said by sbatch itself, or by what starts it, before it asks anybody.
_BEFORE_ASKING = (
    r"(?m)^(?:sbatch: (?:unrecognized option|invalid option|option .* requires an argument|ambiguous option"
    r"|error: (?:Invalid |Batch script|This does not look like a batch script|Unable to open file"
    r"|cli_filter plugin terminated)))"
)
_PREFIX = r"^sbatch: (?:error: |fatal: )?(?:Batch job submission failed: )?"


def read_answer(status: int | None, stdout: str, stderr: str) -> Answer:
    """Return what became of a request, from how sbatch ended and what it said.

    Only a status of 0 with one id is accepted, and only what is in a table is refused; all else is unclear. What
    stands on stderr beside an id is chatter.

    Args:
        status: Its exit status; None when it gave no answer in time, negative when a signal ended it.
    """
    ids = set(_PARSABLE.findall(stdout)) or set(re.findall(_SPOKEN, stdout))
    if status == 0 and len(ids) == 1:
        return Accepted(*ids.pop())
    words = _words(status, stdout, stderr)
    said = f"{stderr}\n{stdout}"
    if ids or not status or status < 0 or any(text in said for text in _UNCLEAR):
        return Unclear(words)
    return _refusal(said, words)


def _refusal(said: str, words: str) -> Answer:
    if any(text in said for text in _TRANSIENT):
        return Refused(words, transient=True, remedy="")
    if (limit := re.search(_SUBMIT_LIMIT, said)) is not None:
        return Refused(words, transient=True, remedy=_LIMITS[limit[1]], over_limit=True)
    for text, remedy in _PERMANENT.items():
        if text in said:
            return Refused(words, transient=False, remedy=remedy)
    if re.search(_BEFORE_ASKING, said):
        return Refused(words, transient=False, remedy="")
    return Unclear(words)


def _words(status: int | None, stdout: str, stderr: str) -> str:
    """Return in one line what was said, each thing once, and how it ended when nothing was."""
    lines = [re.sub(_PREFIX, "", line).strip() for line in (stderr.strip() or stdout.strip()).splitlines()]
    said = "; ".join(dict.fromkeys(filter(None, lines)))[:500]
    if status is None:
        return f"no answer in time ({said})" if said else "no answer in time"
    return said or f"exit status {status}"
