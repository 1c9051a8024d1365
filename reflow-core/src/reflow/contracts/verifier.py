"""What a verifier promises: to say whether a kept output still holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from reflow.model.named_tuple import NamedTuple


class KeptFile(NamedTuple):
    """A Path in a kept output.

    Attributes:
        path: Absolute.
        stamp: What told it from others when it was made: ``["file", size, mtime_ns]``,
            ``["directory", entries, digest of names and sizes, digest of these and of times]``,
            ``["content", digest]``, ``["missing"]``, or None where ``track="path"`` trusts its name.
    """

    path: str
    stamp: list[Any] | None


class Verdict(NamedTuple):
    """Whether a kept output still holds, and if not, why, in words that a person can read.

    Attributes:
        missing: Nothing is wrong but that files are gone. Such an output is made again only when something
            needs it; one that is wrong is made again with all that was built on it.
    """

    holds: bool
    reason: str = ""
    missing: bool = False


class Verifier(ABC):
    """Looks at a kept output.

    Attributes:
        name: What a user writes in ``verify="..."``.
    """

    name: ClassVar[str]

    @abstractmethod
    def verify(self, output: Any, files: Sequence[KeptFile]) -> Verdict:
        """Return whether an output still holds. An exception means that it does not.

        Args:
            output: What the task returned. None to reflow's own verifiers, which look at files alone.
            files: Every Path in it, in order, however deep.
        """
