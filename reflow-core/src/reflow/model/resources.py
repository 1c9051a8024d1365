"""What one instance asks for: CPUs, memory, time and where to run."""

from __future__ import annotations

import re

from reflow.errors import DefinitionError
from reflow.model.named_tuple import NamedTuple


class Resources(NamedTuple):
    """What each instance of a task asks for; ``None`` leaves it to the site.

    Attributes:
        mem_mib: Memory in MiB.
        time_s: Wall time in seconds.
        array_parallelism: How many instances may run at once.
        submit_options: Options of the scheduler, passed through as they are.
    """

    cpus: int = 1
    mem_mib: int | None = None
    time_s: int | None = None
    gpus: int = 0
    nodes: int = 1
    ntasks: int = 1
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    array_parallelism: int | None = None
    requeue: bool = False
    submit_options: tuple[str, ...] = ()


_MEM = r"(\d+)([KMGT]?)B?"  # compiled when it is first used
_MIB = {"K": 1 / 1024, "": 1, "M": 1, "G": 1024, "T": 1024 * 1024}


def parse_mem(text: str | int) -> int:
    """Return memory in MiB, from what ``sbatch --mem`` takes (sbatch(1)): ``2000``, ``"4G"``, ``"512M"``.

    Raises:
        DefinitionError: It is none of these (``1.5G`` and ``4GiB`` are none for Slurm either).
    """
    found = None if isinstance(text, bool) else re.fullmatch(_MEM, str(text).strip(), re.IGNORECASE)
    if not found:
        raise DefinitionError(
            f"mem={text!r} is no amount of memory; write whole numbers: mem='512M', mem='4G'"
        )
    return max(1, round(int(found[1]) * _MIB[found[2].upper()])) if int(found[1]) else 0


_TIMES = {
    r"(?P<m>\d+)": "minutes",
    r"(?P<m>\d+):(?P<s>\d+)": "minutes:seconds",
    r"(?P<h>\d+):(?P<m>\d+):(?P<s>\d+)": "hours:minutes:seconds",
    r"(?P<d>\d+)-(?P<h>\d+)": "days-hours",
    r"(?P<d>\d+)-(?P<h>\d+):(?P<m>\d+)": "days-hours:minutes",
    r"(?P<d>\d+)-(?P<h>\d+):(?P<m>\d+):(?P<s>\d+)": "days-hours:minutes:seconds",
}
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def parse_time(text: str | int) -> int:
    """Return seconds, from what ``sbatch --time`` takes (sbatch(1)): ``30`` is thirty minutes, ``"1-12"`` 36 hours.

    Raises:
        DefinitionError: It is none of these forms, or is no time at all.
    """
    for pattern in _TIMES if not isinstance(text, bool) else ():
        if found := re.fullmatch(pattern, str(text).strip()):
            seconds = sum(int(value) * _SECONDS[unit] for unit, value in found.groupdict().items())
            if seconds > 0:
                return seconds
    raise DefinitionError(
        f"time={text!r} is no time limit; write minutes or one of: {', '.join(_TIMES.values())}"
    )
