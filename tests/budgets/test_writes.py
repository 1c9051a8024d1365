"""How often a run writes durably depends on how often its workers report, not on how many instances it has."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import PYTHON, Run, submit

DEEP = Path(__file__).parent / "flows" / "deep.py"
COUNTED = Path(__file__).parent / "counted.py"
BATCH = "500"  #: instances that a worker gets at once


class Writes(NamedTuple):
    """What a run wrote: counted from outside, but for the ingests.

    Attributes:
        segments: Files that workers sealed.
        ingests: How often outcomes were taken into the ledger.
        submissions: How often instances were handed over.
    """

    segments: int
    ingests: int
    submissions: int
    transactions: int
    fsyncs: int


def traced(run: Run, calls: Path, *argv: object, **environment: str) -> str:
    """Run a command under strace, and return its calls that write durably, remove or rename."""
    if shutil.which("strace") is None:
        if os.environ.get("CI"):
            pytest.fail("strace is not there; try: apt-get install strace")
        pytest.skip("strace is not there")
    kinds = "trace=/fsync|fdatasync|unlink|rename"
    run("strace", "-f", "--seccomp-bpf", "-qq", "-o", calls, "-e", kinds, PYTHON, *argv, **environment)
    return re.sub(r"<unfinished \.\.\.>\n", "\n", calls.read_text(encoding="utf-8"))


def transactions(text: str) -> int:
    """Return how many transactions of SQLite are among these calls: each ends by removing its journal."""
    return len(re.findall(r"unlink\w*\(.*-journal\".*= 0", text))


def count_writes(run: Run, tmp_path: Path, width: int) -> Writes:
    """Run a fan-out of this width under strace and count."""
    ingests = tmp_path / "ingests"
    text = traced(run, tmp_path / "calls", COUNTED, ingests, *submit(width), REFLOW_BATCH=BATCH)
    return Writes(
        len(re.findall(r"rename\w*\(.*\.jsonl\"\)?,?.* = 0|rename\w*\(.*\.part\".*", text)),
        int(ingests.read_text(encoding="ascii")),
        len(re.findall(r"rename\w*\(.*receipt\.json", text)),
        transactions(text),
        len(re.findall(r"\bf(?:data)?sync\(", text)),
    )


def test_what_a_run_reuses_is_written_in_one_transaction_however_many_tasks_there_are(run, tmp_path):
    def again(depth: int) -> int:
        home = tmp_path / str(depth)
        words = [DEEP, "submit", "-q", "--executor", "local", "--run-dir", home]
        place = {"DEPTH": str(depth), "REFLOW_STORE": str(home / "store.db")}
        run(PYTHON, *words, **place)
        return transactions(traced(run, tmp_path / "calls", *words, **place))

    its_entry, its_epoch, what_is_reused_and_its_end = 1, 1, 1
    assert again(9) == again(2) == its_entry + its_epoch + what_is_reused_and_its_end


@pytest.mark.parametrize("width", [1_000, 10_000])
def test_transactions_and_syncs_are_bounded_by_segments_ingests_and_submissions(run, tmp_path, width):
    segments, ingests, submissions, commits, fsyncs = count_writes(run, tmp_path, width)

    # The run's entry, its epoch and its end; its results and the mark of how far they are kept, in batches of
    # 5,000 outputs, so at most three times two here; a submission's intent, answer and end; each ingest.
    assert commits <= 8 + 3 * submissions + ingests
    # A transaction syncs its journal twice, its file, and its directory before and after, one of the results its
    # lock too; a segment its file and directory; a submission four files of payload, two directories, and its
    # joined outcomes twice; a run its source, its files, its lease and run.json.
    assert fsyncs <= 8 + 6 * commits + 8 * submissions + 2 * segments
    assert submissions == 3
    assert ingests <= segments
