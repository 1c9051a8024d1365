"""What squeue, sacct and scontrol print, as rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from reflow.plugin import ElementReport, JobState, NamedTuple, SchedulerError, Usage
from reflow_slurm.native import NativeId, comment_of
from reflow_slurm.states import ExitCode, read_exit_code, report

# Control characters, since names and comments of the user's other jobs may hold anything else, line breaks too.
_RECORD, _FIELD = "\x1e", "\x1f"
SQUEUE_FORMAT = _RECORD + _FIELD.join(("%F", "%K", "%T", "%r", "%N", "%j", "%k")) + _FIELD
STATE_FORMAT = _RECORD + "%T" + _FIELD
SACCT_FIELDS = ("JobID", "State", "ExitCode", "NodeList", "JobName")
USAGE_FIELDS = ("JobID", "JobName", "End", "MaxRSS")
SACCT_DELIMITER = _FIELD

MOST_ELEMENTS = 10_000_000  #: no array is wider; more is no answer but damage


class JobRow(NamedTuple):
    """One element, or several alike, as squeue or sacct list them."""

    job: str
    elements: tuple[int, ...]
    state: str
    reason: str
    nodes: str
    name: str
    comment: str
    code: ExitCode | None = None

    def is_of(self, token: str) -> bool:
        """Whether this is a job of a request: by its comment, or by its name where that was taken away."""
        if self.comment.startswith(comment_of("")):
            return self.comment == comment_of(token)
        return self.name.endswith(f".{token[:10]}")

    def reports(self, *, as_array: bool = False) -> dict[int, ElementReport]:
        """Return what it says about each of its elements.

        Args:
            as_array: Whether commands in it are to name the array, of which others stand alike.
        """
        return {
            element: report(
                self.state,
                self.job if as_array else f"{self.job}_{element}",
                reason=self.reason,
                nodes=self.nodes,
                code=self.code,
            )
            for element in self.elements
        }


def read_squeue(output: str) -> list[JobRow]:
    """Return the rows of ``squeue -o SQUEUE_FORMAT``; what a wrapper prints around them is no row.

    Raises:
        SchedulerError: A row is not whole: then others may be missing.
    """
    return [_squeue_row(text) for text in output.split(_RECORD)[1:]]


def _squeue_row(text: str) -> JobRow:
    fields = text.split(_FIELD)
    if len(fields) != 8 or not fields[0].isdigit():
        raise SchedulerError(f"squeue printed a line that is not whole: {text[:80]!r}; try again")
    job, elements, state, reason, nodes, name, comment, _ = fields
    return JobRow(job, read_elements(elements), state, reason, nodes, name, comment)


def read_states(output: str) -> list[str]:
    """Return the states that ``squeue -o STATE_FORMAT`` printed; what stands around them is none."""
    return [text.partition(_FIELD)[0] for text in output.split(_RECORD)[1:]]


def read_sacct(output: str) -> list[JobRow]:
    """Return the rows of sacct with SACCT_FIELDS, older ones first; only those of arrays.

    Raises:
        SchedulerError: A row of an array is not whole.
    """
    return [row for line in output.splitlines() if (row := _sacct_row(line)) is not None]


_ELEMENT = r"(\d+)_(\d+|\[[^\]]*\])"  # compiled when first used, like the others


def _sacct_row(line: str) -> JobRow | None:
    job_id, _, rest = line.partition(_FIELD)
    found = re.fullmatch(_ELEMENT, job_id)
    if found is None:
        return None
    fields = rest.split(_FIELD)
    if len(fields) < len(SACCT_FIELDS) - 1:
        raise SchedulerError(f"sacct printed a line that is not whole: {line[:80]!r}; try again")
    state, code, nodes, name, *_ = fields
    known_nodes = "" if nodes.startswith("None") else nodes
    return JobRow(found[1], read_elements(found[2]), state, "", known_nodes, name, "", read_exit_code(code))


_PEAK = r"([\d.]+)K"


def read_usage(output: str, token: str) -> Usage:
    """Return what an element and its steps took, from sacct with USAGE_FIELDS: times in seconds, memory in KiB.

    Nothing where the job of that number is another one by now.
    """
    rows = [fields for line in output.splitlines() if len(fields := line.split(_FIELD)) >= len(USAGE_FIELDS)]
    if not any(JobRow(job, (), "", "", "", name, "").is_of(token) for job, name, *_ in rows):
        return Usage()
    ended = max((int(end) for _, _, end, *_ in rows if end.isdecimal()), default=None)
    peaks = [re.fullmatch(_PEAK, held) for _, _, _, held, *_ in rows]
    peak_kib = max((float(peak[1]) for peak in peaks if peak), default=0.0)
    return Usage(None if ended is None else ended * 1000, round(peak_kib / 1024))


_RANGE = r"(\d+)(?:-(\d+)(?::(\d+))?)?"


def read_elements(text: str) -> tuple[int, ...]:
    """Return the numbers that an array expression stands for, such as ``[0,3-7:2,9%4]``; ``N/A`` is a plain job.

    What is cut off by ``...`` is left out.
    """
    if text == "N/A":
        return (0,)
    found: list[int] = []
    for part in text.strip("[]").partition("%")[0].split(","):
        if (one := re.fullmatch(_RANGE, part)) is not None:
            last = int(one[2] or one[1])
            found += range(int(one[1]), min(last, MOST_ELEMENTS) + 1, int(one[3] or 1))
    return tuple(found)


_EXIT_LINE = r"(?m)^\s*(\d+)\s+(\d+)\s+(\d+)\s*$"


def read_exit_codes(output: str) -> dict[tuple[str, int], ExitCode]:
    """Return exit codes from squeue's columns ``ArrayJobID``, ``ArrayTaskID`` and ``exit_code``."""
    codes = (
        (job, int(element), read_exit_code(code)) for job, element, code in re.findall(_EXIT_LINE, output)
    )
    return {(job, element): code for job, element, code in codes if code is not None}


_SETTING = re.compile(r"^(\w+)\s+= (.*)$", re.MULTILINE)


def read_config(output: str) -> dict[str, str]:
    """Return the settings that ``scontrol show config`` prints."""
    return {name: value.strip() for name, value in _SETTING.findall(output)}


def elements_of(native: NativeId, rows: Iterable[JobRow]) -> dict[int, ElementReport]:
    """Return what rows say about the elements of one request; a job that only has its number is not it.

    A request that was taken twice has another job of the same token. Of its elements one job only works on each,
    the other leaves, and completes by that.
    """
    ours = [row for row in rows if row.is_of(native.token)]
    alike = Counter((row.job, row.state, row.reason) for row in ours for _ in row.elements)
    jobs: dict[str, dict[int, ElementReport]] = {}
    for row in ours:
        several = alike[row.job, row.state, row.reason] > 1
        jobs.setdefault(row.job, {}).update(row.reports(as_array=several))
    found: dict[int, ElementReport] = {}
    for reports in jobs.values():
        found |= {e: told for e, told in reports.items() if e not in found or _says_more(told, found[e])}
    return found


def _says_more(one: ElementReport, other: ElementReport) -> bool:
    if one.state.is_active or other.state.is_active:
        return one.state.is_active
    return other.state is JobState.COMPLETED


def with_codes(rows: Iterable[JobRow], codes: Mapping[tuple[str, int], ExitCode]) -> list[JobRow]:
    """Return the rows with the exit codes of those of one element."""
    return [
        row._replace(code=codes.get((row.job, row.elements[0])) if len(row.elements) == 1 else None)
        for row in rows
    ]


# Not looked for at the start of a line only: what the task printed last may have no end of line.
_WRITER = r"slurm(?:stepd|d)(?:-[\w.-]+|\[[\w.-]+\])?: (?:error: )?"
_IN_LOG = rf"{_WRITER}\*\*\* (?:JOB|STEP) \S+ ON (\S+) CANCELLED AT \S+(?: DUE TO ([A-Z ]+?))? \*\*\*"
_REASONS = {
    "TIME LIMIT": "TIMEOUT",
    "PREEMPTION": "PREEMPTED",
    "NODE FAILURE": "NODE_FAIL",
    "JOB REQUEUE": "REQUEUED",
}
_MEMORY = (
    rf"{_WRITER}.*?(?:\boom[-_]kill event|\b[Ee]xceeded (?:\w+ )?memory limit)"
    r"|srun: error: [\w.,\[\]-]+: tasks? [\d,-]+: Out Of Memory"
)


def read_log(text: str) -> ElementReport | None:
    """Return why an element ended, from what Slurm wrote into its log; None when it wrote nothing."""
    found = list(re.finditer(_IN_LOG, text))
    if re.search(_MEMORY, text):
        return report("OUT_OF_MEMORY", "")
    if not found:
        return None
    return report(_REASONS.get(found[-1][2] or "", "CANCELLED"), "", nodes=found[-1][1])
