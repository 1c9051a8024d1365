"""``verify="checksum"``: every file is there and has the bytes that it was made with."""

from __future__ import annotations

import os
from collections.abc import Sequence

from reflow.builtin.files import gone, worst
from reflow.plugin import KeptFile, Verdict, Verifier, hookimpl, take_stamp


class ChecksumVerifier(Verifier):
    """Asks that the SHA-256 of every file is the one that was taken when it was made, with ``track="content"``."""

    name = "checksum"

    def verify(self, output: object, files: Sequence[KeptFile]) -> Verdict:
        """Return what is wrong with the first file of another content, else with the first that is gone."""
        return worst(self._look(file) for file in files)

    def _look(self, file: KeptFile) -> Verdict:
        if not os.path.exists(file.path):
            return gone(file)
        if file.stamp is None or file.stamp[0] != "content":
            return Verdict(False, f"{file.path} was made without a checksum being taken")
        same = take_stamp(file.path, "content") == file.stamp
        return Verdict(same, f"the checksum of {file.path} is not the one that it was made with")


@hookimpl(trylast=True)
def reflow_verifier() -> Verifier:
    """Offer it for any type, to those who name it."""
    return ChecksumVerifier()
