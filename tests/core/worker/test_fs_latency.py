"""A result's file that is not yet as it was stamped is waited for, as long as a network file system may take."""

from __future__ import annotations

import os

from reflow.filesystem.stamps import take_stamp

WRITTEN_NS = 10**18
LATE = f"""
import threading

def arrive(folder):
    (folder / "late.txt").write_text("as returned")
    os.utime(folder / "late.txt", ns=({WRITTEN_NS}, {WRITTEN_NS}))

@flow.array_job()
def task(file: Annotated[Path, Result(step='other')]) -> str:
    if file.name == "first.txt":
        threading.Timer(0.3, arrive, [file.parent]).start()
    return file.read_text()
"""


def returned(file):
    """Return the value of a result's file, with the stamp that it had when it was returned."""
    file.write_text("as returned")
    os.utime(file, ns=(WRITTEN_NS, WRITTEN_NS))
    return {"$path": [str(file), take_stamp(str(file))]}


def test_a_file_that_becomes_right_while_it_is_waited_for_is_used_and_the_result_is_reusable(
    call, tmp_path, monkeypatch
):
    monkeypatch.setattr("reflow.worker.load.FS_LATENCY_S", 30.0)
    first, late = ({"file": returned(tmp_path / name)} for name in ("first.txt", "late.txt"))
    (tmp_path / "late.txt").write_text("seen too early")

    run, sub = call(LATE, [first, late])

    end = run.ends(sub)[1]
    assert (end.state, end.value, end.unusable) == ("succeeded", '"as returned"', "")
