"""How much a cluster lets one user submit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reflow.plugin import Limits

_DEFAULT_QOS = "normal"
_MAX_ARRAY_TASKS = re.compile(r"\bmax_array_tasks=(\d+)")


def enforces_limits(config: Mapping[str, str]) -> bool:
    """Whether the cluster refuses what goes over the limits of a user."""
    return bool({"limits", "qos", "safe", "all"} & set(config.get("AccountingStorageEnforce", "").split(",")))


def read_limits(config: Mapping[str, str], associations: str, account: str | None, qos: str | None) -> Limits:
    """Return the limits that hold for requests of an account and a QOS, or of the user's default ones.

    Args:
        config: What ``scontrol show config`` says.
        associations: What ``scontrol show assoc_mgr`` says; empty where no limits are enforced.
    """
    in_all = [_count(config, "MaxJobCount"), *submit_limits(associations, account, qos)]
    return Limits(
        # the array's size caps the highest number, which is one less
        elements_per_request=_least(
            _count(config, "MaxArraySize"), _throttle(config), *(limit for limit in in_all if limit)
        ),
        elements_in_all=_least(*in_all),
    )


def _count(config: Mapping[str, str], name: str) -> int | None:
    text = config.get(name, "")
    return int(text) if text.isdigit() else None


def _throttle(config: Mapping[str, str]) -> int | None:
    found = _MAX_ARRAY_TASKS.search(config.get("SchedulerParameters", ""))
    return int(found[1]) if found else None


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


_ASSOCIATION = (
    r"(?m)^ClusterName=\S* Account=(\S*) UserName=(\S*) .*$"  # compiled when first used, like the others
)
_QOS = r"(?m)^QOS=(\S+?)\(\d+\)$"
_LIMIT = r"\b(?:MaxSubmitJobs|GrpSubmitJobs|MaxSubmitJobsPU|MaxSubmitJobsPA)=(\d+)"


def submit_limits(associations: str, account: str | None, qos: str | None) -> list[int]:
    """Return every limit on submitted jobs that concerns this user, those of whole accounts too."""
    by_account, _, by_qos = associations.partition("QOS Records")
    sections = list(_sections(_ASSOCIATION, by_account))
    account = account or next((head[1] for head, body in sections if "DefAssoc=Yes" in body), None)
    found = [limit for head, body in sections if head[1] == account for limit in re.findall(_LIMIT, body)]
    for head, body in _sections(_QOS, by_qos):
        if head[1] == (qos or _DEFAULT_QOS):
            found += re.findall(_LIMIT, body)
    return [int(limit) for limit in found]


def _sections(head: str, text: str) -> Iterator[tuple[re.Match[str], str]]:
    heads = list(re.finditer(head, text))
    ends = [one.start() for one in heads[1:]] + [len(text)]
    return ((one, text[one.end() : end]) for one, end in zip(heads, ends, strict=False))


_PARTITION = r"(?m)^PartitionName=(\S+) .*?\bDefault=(\w+) .*?\bMaxTime=(\S+)"
_TIME = r"(?:(\d+)-)?(\d+):(\d+):(\d+)"


def read_longest(partitions: str) -> dict[str, int]:
    """Return how long jobs of each partition may take, in seconds, from what ``scontrol -o show partition`` says.

    One without a limit is left out; the default one is there without a name too.
    """
    found: dict[str, int] = {}
    for name, default, text in re.findall(_PARTITION, partitions):
        if (time := re.fullmatch(_TIME, text)) is not None:
            days, hours, minutes, seconds = (int(part or 0) for part in time.groups())
            found[name] = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
            if default == "YES":
                found[""] = found[name]
    return found
