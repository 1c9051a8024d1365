"""Removing what kills left behind in the files of a run."""

from __future__ import annotations

import os

from reflow.filesystem.files import remove_directory, remove_temporaries
from reflow.run.hold import Hold


def sweep(hold: Hold) -> None:
    """Remove what kills left behind: payloads that the ledger never knew, folders and logs of ended submissions."""
    jobs = hold.run.paths.jobs
    names = os.listdir(jobs) if os.path.isdir(jobs) else []
    known = {row.token: row for row in hold.ledger.submissions()} if names else {}
    for name in names:
        if name not in known:
            remove_directory(os.path.join(jobs, name))
            continue
        remove_temporaries(os.path.join(jobs, name))
        if known[name].state == "ended":
            from reflow.run.ending import clear

            clear(hold, known[name])
    for folder in (hold.run.paths.root, hold.run.paths.control, jobs):
        remove_temporaries(folder)
    hold.lease.clear_remains()
