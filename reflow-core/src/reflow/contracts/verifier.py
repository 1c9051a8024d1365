"""What a verifier promises: to say whether a kept output still holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple


class Verdict(NamedTuple):
    """Whether a kept output still holds, and if not, why, in words that a person can read."""

    holds: bool
    reason: str = ""


class Verifier(ABC):
    """Looks at a kept output.

    Attributes:
        name: What a user writes in ``verify="..."``.
    """

    name: ClassVar[str]

    @abstractmethod
    def verify(self, output: object) -> Verdict:
        """Return whether an output still holds. An exception means that it does not."""
