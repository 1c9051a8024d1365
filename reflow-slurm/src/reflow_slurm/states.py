"""Slurm's words for the state of a job, its reasons and its exit codes, as reports."""

from __future__ import annotations

import re
import signal

from reflow.plugin import ElementReport, JobState

_STATES = {
    **dict.fromkeys(
        ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"),
        JobState.PENDING,
    ),
    **dict.fromkeys(("POWER_UP_NODE", "RESV_DEL_HOLD"), JobState.PENDING),
    **dict.fromkeys(("RUNNING", "SUSPENDED", "STOPPED", "SIGNALING"), JobState.RUNNING),
    **dict.fromkeys(("RESIZING", "STAGE_OUT", "COMPLETING", "EXPEDITING"), JobState.RUNNING),
    "COMPLETED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "OUT_OF_MEMORY": JobState.OUT_OF_MEMORY,
    "TIMEOUT": JobState.TIMEOUT,
    "DEADLINE": JobState.TIMEOUT,
    **dict.fromkeys(("NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED", "RECONFIG_FAIL"), JobState.NODE_FAIL),
    "PREEMPTED": JobState.PREEMPTED,
    "CANCELLED": JobState.CANCELLED,
    "REVOKED": JobState.CANCELLED,
}
_ABBREVIATED = re.compile(r"([A-Z_]+?)\+?(?: by (\d+))?")

_ENDS = {
    "OUT_OF_MEMORY": "it took more memory than it asked for",
    "TIMEOUT": "it reached its time limit",
    "DEADLINE": "it cannot end before its deadline",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node could not be booted",
    "LAUNCH_FAILED": "its node could not start it",
    "RECONFIG_FAIL": "its node could not be reconfigured",
    "PREEMPTED": "a job of higher priority took its place",
    "REVOKED": "it was started on another cluster",
}

_ASSOCIATIONS = "type: scontrol show assoc_mgr flags=assoc"
_QUALITIES = "type: scontrol show assoc_mgr flags=qos"
_DROP = "scancel --state=PENDING {0}"

#: Why a job may wait for ever, and what to type, where {0} is its address (squeue(1), JOB REASON CODES).
_STUCK = {
    "JobHeldUser": "held; type: scontrol release {0}",
    "JobHeldAdmin": "held by an administrator or after failed starts; type: scontrol release {0}",
    "JobHoldMaxRequeue": "held after too many restarts; type: scontrol release {0}",
    "launch failed requeued held": "held after its start failed; type: scontrol release {0}",
    "requeued in held state": "held; type: scontrol release {0}",
    "ReservationDeleted": "its reservation was deleted; type: scontrol show job {0}",
    "DependencyNeverSatisfied": f"waits for what can never be; type: {_DROP}",
    "BadConstraints": f"no node has what it asks for; type: {_DROP}",
    "DeadLine": f"it cannot end before its deadline; type: {_DROP}",
    "InvalidAccount": "its account is not valid any more; type: scontrol show job {0}",
    "AccountNotAllowed": "its account may not use its partition; type: scontrol show job {0}",
    "InvalidQOS": "its QOS is not valid any more; type: scontrol show job {0}",
    "QOSNotAllowed": "its account or partition does not allow its QOS; type: scontrol show job {0}",
    "QOSUsageThreshold": "its QOS does not take jobs of an account that has used so much; type: sshare",
    "PartitionDown": "its partition is down; type: sinfo -s",
    "PartitionInactive": "its partition is inactive; type: sinfo -s",
    "PartitionTimeLimit": "it asks for more time than its partition allows; type: sinfo -o '%P %l'",
    "PartitionNodeLimit": "it asks for more nodes than its partition has; type: sinfo -s",
    "PartitionConfig": "its partition does not give what it asks for; type: sinfo -o '%P %D %c %m %l %N'",
    "MaxMemPerLimit": "it asks for more memory than it may; type: scontrol show partition",
}

#: Limits that no waiting helps against, since the job alone goes over them.
_NEVER = {
    r"AssocMax\w*Per(Job|Node)": f"a job of its account may not ask for so much; {_ASSOCIATIONS}",
    r"QOSMax\w*Per(Job|Node)": f"a job of its QOS may not ask for so much; {_QUALITIES}",
    r"QOSMin\w+": f"a job of its QOS must ask for more; {_QUALITIES}",
}

#: What Slurm's words for an ordinary wait mean.
_PATIENT = {
    "Resources": "it is next, once enough is free",
    "Priority": "others go first",
    "Dependency": "other jobs must end first",
    "BeginTime": "its time has not come",
    "JobArrayTaskLimit": "as many of its array are at work as may be",
    "Nodes required for job are DOWN, DRAINED": "its nodes are down, drained or reserved; type: sinfo -R",
    "ReqNodeNotAvail": "a node that it asks for is not available; type: sinfo -N",
    "Reservation": "its reservation has not begun; type: scontrol show reservations",
    "AssocGrp": f"what its account may use at once, or in all, is used; {_ASSOCIATIONS}",
    "AssocMax": f"what you may use at once with its account is used; {_ASSOCIATIONS}",
    "Association": f"its account has reached a limit; {_ASSOCIATIONS}",
    "QOSGrp": f"what its QOS may use at once, or in all, is used; {_QUALITIES}",
    "QOSMax": f"what you may use at once with its QOS is used; {_QUALITIES}",
    **dict.fromkeys(("QOSJob", "QOSResource", "QOSTime"), f"its QOS has reached a limit; {_QUALITIES}"),
    "Max": f"what its account may use at once with its QOS is used; {_QUALITIES}",
    "Licenses": "no licence is free; type: scontrol show licenses",
}
_HELD = ("REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")
_NO_LOG = (0, 53)
_KILLED = 9
_NOT_RUN = {  #: as the shell says of the one program that a script starts
    126: "; may its Python be run there?",
    127: "; is its Python there?",
}


class ExitCode(tuple[int, int]):
    """Exit status and signal of a batch script."""

    __slots__ = ()


def read_exit_code(text: str) -> ExitCode | None:
    """Return an exit code from ``status:signal``, or from a wait status as squeue gives it."""
    if found := re.fullmatch(r"(\d+):(\d+)", text.strip()):
        return ExitCode((int(found[1]), int(found[2])))
    if not text.strip().isdigit():
        return None
    number = int(text) & 0x7F
    return ExitCode((0 if number else int(text) >> 8, number))


def is_over(state: str) -> bool:
    """Whether a state is that of a job that can do nothing any more."""
    return not report(state, "").state.is_active


def report(
    word: str, address: str, *, reason: str = "", nodes: str = "", code: ExitCode | None = None
) -> ElementReport:
    """Return what a state means.

    A word that is not known is one of a job that may still do something: never failed, never done.

    Args:
        word: The state as squeue or sacct print it; ``CANCELLED by 1000`` too.
        address: How commands name the element, or the whole array of which this holds.
        reason: squeue's reason; that of an ended job is often an old one, and not looked at.
    """
    found = _ABBREVIATED.fullmatch(word.strip())
    state = _STATES.get(found[1]) if found else None
    if found is None or state is None:
        return ElementReport(
            JobState.RUNNING, f"{word}: a state that this version of reflow-slurm does not know"
        )
    if state is JobState.PENDING:
        return ElementReport(state, _waits_for(found[1], address, reason))
    if state is JobState.RUNNING or state is JobState.COMPLETED:
        return ElementReport(state, f"on {nodes}" if nodes else "", node=nodes)
    place = f" on {nodes}" if nodes else ""
    words = _how_it_ended(found[1], found[2], reason, code)
    return ElementReport(state, f"{found[1]}{place}: {words}", node=nodes)


def _waits_for(word: str, address: str, reason: str) -> str:
    said = reason.replace("_", " ")  # as scontrol writes what is more than a word
    for text, advice in _STUCK.items():
        if text in reason or text in said:
            return f"{reason}: {advice.format(address)}"
    if word in _HELD:
        return f"{word}: held; type: scontrol release {address}"
    for pattern, meaning in _NEVER.items():
        if re.match(pattern, reason):
            return f"{reason}: {meaning}"
    for text, meaning in _PATIENT.items():
        if reason.startswith(text):
            return f"{reason}: {meaning}"
    return "" if reason == "None" else reason


def _how_it_ended(word: str, by: str | None, reason: str, code: ExitCode | None) -> str:
    if word == "CANCELLED":
        return f"cancelled by user {by}" if by else "cancelled"
    if word != "FAILED":
        return _ENDS[word]
    if code is None:
        return reason or "it failed"
    status, number = code
    if (status, number) == _NO_LOG:
        return "its log could not be opened; is its directory there and writable on the node?"
    if number == _KILLED:
        return "killed by signal 9 (SIGKILL); perhaps it took more memory than it asked for"
    if number:
        return f"killed by signal {_signal(number)}"
    return f"ended with exit status {status}{_NOT_RUN.get(status, '')}"


def _signal(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
