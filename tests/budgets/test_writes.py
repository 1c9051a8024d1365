"""How often a run writes durably depends on how often its workers report, not on how many instances it has."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import PYTHON, Run, submit

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


def count_writes(run: Run, tmp_path: Path, width: int) -> Writes:
    """Run a fan-out of this width under strace and count."""
    if shutil.which("strace") is None:
        if os.environ.get("CI"):
            pytest.fail("strace is not there; try: apt-get install strace")
        pytest.skip("strace is not there")
    calls, ingests = tmp_path / "calls", tmp_path / "ingests"
    traced = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        calls,
        "-e",
        "trace=/fsync|fdatasync|unlink|rename",
    ]
    run(*traced, PYTHON, COUNTED, ingests, *submit(width), REFLOW_BATCH=BATCH)
    text = re.sub(r"<unfinished \.\.\.>\n", "\n", calls.read_text(encoding="utf-8"))
    return Writes(
        len(re.findall(r"rename\w*\(.*\.jsonl\"\)?,?.* = 0|rename\w*\(.*\.part\".*", text)),
        int(ingests.read_text(encoding="ascii")),
        len(re.findall(r"rename\w*\(.*receipt\.json", text)),
        len(re.findall(r"unlink\w*\(.*-journal\".*= 0", text)),
        len(re.findall(r"\bf(?:data)?sync\(", text)),
    )


@pytest.mark.parametrize("width", [1_000, 10_000])
def test_transactions_and_syncs_are_bounded_by_segments_ingests_and_submissions(run, tmp_path, width):
    segments, ingests, submissions, transactions, fsyncs = count_writes(run, tmp_path, width)

    # The run's entry, its epoch and its end; its results and the mark of how far they are kept, in batches of
    # 5,000 outputs, so at most three times two here; a submission's intent, answer and end; each ingest.
    assert transactions <= 8 + 3 * submissions + ingests
    # A transaction syncs its journal twice, its file, and its directory before and after, one of the results its
    # lock too; a segment its file and directory; a submission four files of payload, two directories, and its
    # joined outcomes twice; a run its source, its files, its lease and run.json.
    assert fsyncs <= 8 + 6 * transactions + 8 * submissions + 2 * segments
    assert submissions == 3
    assert ingests <= segments
