"""What an adapter promises: to turn values of a type that reflow does not know into JSON and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar


class Adapter(ABC):
    """Turns values of one type into JSON and back, exactly.

    Attributes:
        name: Unique; it stands in stored values, so it must never change.
    """

    name: ClassVar[str]

    @abstractmethod
    def encode(self, value: object) -> object:
        """Return JSON (None, bool, int, float, str, list, dict) that stands for a value.

        Equal values give equal JSON, in any process.

        Raises:
            ValueMisfit: The value is not of this type.
        """

    @abstractmethod
    def decode(self, data: object) -> object:
        """Return the value that `encode` made this JSON from."""
