"""Native ids of Slurm's requests: the array job, its cluster, and what says that it is still ours."""

from __future__ import annotations

import re
from collections.abc import Collection

from reflow.plugin import NamedTuple


class NativeId(NamedTuple):
    """An array job, as it is recorded.

    Job numbers are used again, and mean something else on another cluster. So the id holds what a job of that
    number must show to be the one that was submitted.

    Attributes:
        job: The number of the array job; element ``i`` is ``<job>_<i>``.
        cluster: Its cluster, or empty where it is not known.
        token: The token of the request, which the job's comment holds.
        count: Number of elements; 0 where that is not known.
    """

    job: str
    cluster: str
    token: str
    count: int  # type: ignore[assignment]  # a field, not tuple.count

    def text(self) -> str:
        """Return it as the text that is recorded; it begins with what ``sbatch --parsable`` printed."""
        return f"{self.job};{self.cluster};{self.token};{self.count}"

    def addresses(self, elements: tuple[int, ...] = ()) -> list[str]:
        """Return how commands name single elements, or the whole array when there are none.

        The bare number of an element is never used: that of the last element is the number of the array.
        """
        return [f"{self.job}_{element}" for element in elements] or [self.job]


class Ahead(NamedTuple):
    """What must have ended first: an array job, or one element of it."""

    native: NativeId
    element: int | None = None

    @property
    def address(self) -> str:
        """How ``--dependency`` names it (sbatch(1))."""
        return self.native.addresses(() if self.element is None else (self.element,))[0]

    def is_among(self, alive: Collection[int] | None) -> bool:
        """Whether it is alive, given the elements of its job that are; None where that is not known any more."""
        return alive is not None and (self.element is None or self.element in alive)


_TEXT = re.compile(r"(\d+);([\w.-]*);([\w.-]*);(\d+)")


def parse_native_id(text: str) -> NativeId | None:
    """Return what an id says, or None when it is not one of these."""
    found = _TEXT.fullmatch(text)
    return NativeId(found[1], found[2], found[3], int(found[4])) if found else None


def comment_of(token: str) -> str:
    """Return the comment by which the job of a request is known."""
    return f"reflow:{token}"
