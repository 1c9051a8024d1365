"""``verify="size"``: every file is there and has its size, whatever its time."""

from __future__ import annotations

import os
from collections.abc import Sequence

from reflow.builtin.files import gone, worst
from reflow.plugin import KeptFile, Verdict, Verifier, hookimpl, take_stamp


class SizeVerifier(Verifier):
    """Asks that every file has as many bytes as it had, also those in directories, and that none is there beside them.

    Of what is tracked by name alone the size is not known: that must not be empty. What was kept by its content
    is compared by that.
    """

    name = "size"

    def verify(self, output: object, files: Sequence[KeptFile]) -> Verdict:
        """Return what is wrong with the first file of another size, else with the first that is gone."""
        return worst(self._look(file) for file in files)

    def _look(self, file: KeptFile) -> Verdict:
        if not os.path.exists(file.path):
            return gone(file)
        if file.stamp is None:
            return Verdict(not _is_empty(file.path), f"{file.path} is empty")
        if file.stamp[0] == "content":
            same = take_stamp(file.path, "content") == file.stamp
            return Verdict(same, f"{file.path} has another content than it was made with")
        now = take_stamp(file.path) or [None]
        told = f"{file.path} has another size than it was made with: {_size(now)}, not {_size(file.stamp)}"
        if now[:2] == file.stamp[:2]:
            told = f"{file.path} has files of other names or sizes than it was made with"
        return Verdict(now[:-1] == file.stamp[:-1], told)


def _is_empty(path: str) -> bool:
    """Whether nothing is in a file or directory; how much else is in it does not matter, however much that is."""
    if not os.path.isdir(path):
        return os.stat(path).st_size == 0
    with os.scandir(path) as entries:
        return next(entries, None) is None


def _size(stamp: Sequence[object]) -> str:
    if len(stamp) < 2:
        return "nothing"
    return f"{stamp[1]} {'bytes' if stamp[0] == 'file' else 'entries'}"


@hookimpl(trylast=True)
def reflow_verifier() -> Verifier:
    """Offer it for any type, to those who name it."""
    return SizeVerifier()
