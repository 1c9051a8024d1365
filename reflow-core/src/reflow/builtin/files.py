"""The verifier of outputs that name none: every file is there, and is the one that was made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from reflow.plugin import KeptFile, Verdict, Verifier, hookimpl, take_stamp


class FilesVerifier(Verifier):
    """Asks that every Path exists and holds its stamp, as ``track`` says; other values hold."""

    name = "files"

    def verify(self, output: object, files: Sequence[KeptFile]) -> Verdict:
        """Return what is wrong with the first file that changed, else with the first that is gone."""
        return worst(self._look(file) for file in files)

    def _look(self, file: KeptFile) -> Verdict:
        if not os.path.exists(file.path):
            return gone(file)
        if file.stamp is None:
            return Verdict(True)
        now = take_stamp(file.path, "content" if file.stamp[0] == "content" else "stat")
        return Verdict(now == file.stamp, f"{file.path} changed since it was made")


def gone(file: KeptFile) -> Verdict:
    """Return the verdict on a file that is not there."""
    was_there = file.stamp is None or file.stamp[0] != "missing"
    return Verdict(False, f"{file.path} {'is missing' if was_there else 'was never written'}", missing=True)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the first verdict that something is wrong, else the first that something is missing."""
    bad = [verdict for verdict in verdicts if not verdict.holds]
    return min(bad, key=lambda verdict: verdict.missing, default=Verdict(True))


@hookimpl(trylast=True)
def reflow_verifier() -> Verifier:
    """Check any type for which no plugin has a verifier."""
    return FilesVerifier()
