"""What a store promises: the ledger of a run, and the results that runs share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from reflow.model.named_tuple import NamedTuple
from reflow.model.records import (
    Acceptance,
    AttemptRow,
    Changes,
    Context,
    EarlierResult,
    Figures,
    FoundResult,
    InstanceRow,
    Maker,
    NewResult,
    OldResult,
    Overview,
    RunEntry,
    SubmissionRow,
    Unpublished,
)
from reflow.model.states import InstanceState


class StoredValue(NamedTuple):
    """What one instance of this run returned: the text of its tagged JSON."""

    index: int  # type: ignore[assignment]  # a field, not tuple.index
    output: bytes
    value: str


class Ledger(ABC):
    """The state of one run, kept in the run's own directory.

    Any number of processes may read while one writes. Every write is one transaction: after a kill or
    an error it is there whole or not at all.
    """

    @abstractmethod
    def overview(self) -> Overview:
        """Return the run at a glance."""

    @abstractmethod
    def instances(
        self, task: str, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[InstanceRow]:
        """Return instances of a task by ascending index: all, or those in ``states`` and of ``indices``."""

    @abstractmethod
    def items(self, task: str) -> dict[int, bytes]:
        """Return the concatenated item digests of the current outputs of a task that are lists, by index."""

    @abstractmethod
    def values(self, task: str, indices: Collection[int] = ()) -> Iterator[StoredValue]:
        """Stream what the succeeded instances of a task returned, by ascending index; not those reused.

        Raises:
            StoreError: One that succeeded has no value.
        """

    @abstractmethod
    def attempts(
        self, task: str | None = None, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[AttemptRow]:
        """Return attempts by task, index and number: all, or those that fit."""

    @abstractmethod
    def submissions(self, tokens: Collection[str] = ()) -> list[SubmissionRow]:
        """Return submissions, oldest first: all, ended ones included, or those of ``tokens``."""

    @abstractmethod
    def segments(self, token: str) -> set[str]:
        """Return the names of the segments of a submission that have been taken in."""

    @abstractmethod
    def unpublished(self, limit: int) -> list[Unpublished]:
        """Return outputs behind the overview's ``published``, oldest first: ``limit``, or fewer where they are long.

        Each has the identity that it was made under, whatever its instance has become since.
        """

    @abstractmethod
    def kept(self, task: str) -> Iterator[Unpublished]:
        """Stream what the succeeded instances of a task returned, by ascending index, be it published or not."""

    @abstractmethod
    def take_epoch(self) -> int:
        """Count the epoch up by one and return it; whoever holds an older one can write no more."""

    @abstractmethod
    def apply(self, changes: Changes, epoch: int) -> None:
        """Write everything in one transaction.

        Raises:
            Fenced: ``epoch`` is not the ledger's epoch; nothing was written.
            StoreError: It could not be written; nothing was written.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""


class Results(ABC):
    """Outputs by identity, which runs share, and the list of runs.

    Rows are appended and never overwritten. The newest row of an identity that is not stale is current.
    """

    @abstractmethod
    def find(self, identities: Collection[bytes]) -> dict[bytes, FoundResult]:
        """Return the current result of each identity that has one, in one look-up however many are asked."""

    @abstractmethod
    def by_makers(self, identities: Collection[bytes]) -> dict[bytes, list[FoundResult]]:
        """Return of each identity that several makers have results of the newest of each, the newest of all last.

        A maker is one code with one source, in one file, as in `Maker`; what is stale does not count.
        """

    @abstractmethod
    def others(self, keys: Collection[tuple[bytes, bytes]], code: bytes) -> dict[bytes, FoundResult]:
        """Return of each identity the newest result of a code that is not stale and has another output, if any.

        Args:
            keys: Pairs of identity and output that are kept, each identity once.
        """

    @abstractmethod
    def values(self, keys: Sequence[tuple[bytes, bytes]]) -> Iterator[str]:
        """Stream the values of (identity, output) pairs, in the order of ``keys``.

        Raises:
            StoreError: One of them is not there.
        """

    @abstractmethod
    def items(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        """Return the item digests of (identity, output) pairs, in the order of ``keys``."""

    @abstractmethod
    def earlier(
        self, key: str, index: int, before: int, identity: bytes | None = None
    ) -> list[EarlierResult]:
        """Return results of a task key that were made before a moment, stale ones too, newest first.

        Those of ``index`` from the last thirty runs that made any, and from the last two of these also those of
        the indices nearest to it, however far: a few hundred rows at most. All of ``identity`` are among them.
        """

    @abstractmethod
    def append(self, context: Context, rows: Iterable[NewResult]) -> None:
        """Append results of one task of one run in one transaction; what is there already stays as it is."""

    def append_all(self, batches: Iterable[tuple[Context, Sequence[NewResult]]]) -> None:
        """Do the same for several tasks; a store that can do so takes one transaction for all of them."""
        for context, rows in batches:
            self.append(context, rows)

    @abstractmethod
    def invalidate(self, keys: Sequence[tuple[bytes, bytes]], reason: str) -> None:
        """Mark (identity, output) pairs as stale, with the reason; they are found no more.

        Once somebody has accepted other code, what one attempt of a run made may be there under further identities,
        too: of what is marked, all that is the same output of the same attempt is.
        """

    @abstractmethod
    def record_code(self, parts: Mapping[bytes, str]) -> None:
        """Keep what hashes of code were made of, each a text; what is there already stays as it is."""

    @abstractmethod
    def code_parts(self, hashes: Collection[bytes]) -> dict[bytes, str]:
        """Return what hashes of code were made of, as far as that was kept."""

    @abstractmethod
    def makers(self, key: str) -> list[Maker]:
        """Return what made the results of a task that are not stale, whoever made the newest last."""

    @abstractmethod
    def made_by(self, key: str, codes: Collection[bytes]) -> Iterator[tuple[Context, NewResult]]:
        """Stream the results of a task, oldest first, that are not stale and that these codes made.

        Results may be appended while they come.
        """

    @abstractmethod
    def accept(self, acceptances: Sequence[Acceptance]) -> None:
        """Keep who takes results of other code for good; what is there already stays as it is."""

    @abstractmethod
    def acceptances(self, key: str) -> list[Acceptance]:
        """Return what was accepted of a task, oldest first."""

    @abstractmethod
    def record_run(self, entry: RunEntry, code: Mapping[bytes, str] = {}) -> None:
        """Add a run to the list of runs, or replace its entry; keep in the same go what its code is made of.

        Args:
            code: As in `record_code`.
        """

    @abstractmethod
    def runs(self, workflow: str | None = None) -> list[RunEntry]:
        """Return the list of runs, newest first."""

    @abstractmethod
    def figures(self) -> Figures:
        """Return how much there is of what; it takes no more memory for more results."""

    @abstractmethod
    def old(self, before: int) -> Iterator[OldResult]:
        """Stream the results that were made before a moment, stale ones too, oldest first.

        Some of them may be removed while they come.
        """

    @abstractmethod
    def remove(self, results: Iterable[OldResult]) -> None:
        """Remove results in one transaction; of those that were stale it is still known that they were.

        They are gone through inside of it, before anything is written: nobody else writes from when the first one
        is asked for, and `runs` may be called meanwhile.
        """

    @abstractmethod
    def shrink(self) -> bool:
        """Give back some of the space of what was removed, in one short transaction; return whether there is more."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the store."""


class Salvage(ABC):
    """What can still be read of results that may be damaged; each row of it is as it was written.

    Attributes:
        lost: What could not be read, as far as that is known by now: why, by the name of the method below.
    """

    lost: dict[str, str]

    @abstractmethod
    def runs(self) -> list[RunEntry]:
        """Return the list of runs, in any order."""

    @abstractmethod
    def code(self) -> dict[bytes, str]:
        """Return what hashes of code were made of."""

    @abstractmethod
    def acceptances(self) -> list[Acceptance]:
        """Return what was accepted, of all tasks."""

    @abstractmethod
    def results(self) -> Iterator[tuple[Context, NewResult, str | None]]:
        """Stream results, oldest first, with why they are stale, or None."""

    @abstractmethod
    def forgotten(self) -> set[tuple[bytes, bytes]]:
        """Return the (identity, output) pairs of results that were stale when they were removed."""


class Store(ABC):
    """Opens ledgers and results. Making one does no I/O.

    Attributes:
        address: What the user gave: a URL whose scheme is the plugin's name, or a plain path.
    """

    name: ClassVar[str]
    """The scheme of its addresses: lower case, unique, the name of the entry point."""

    def __init__(self, address: str) -> None:
        self.address = address

    @abstractmethod
    def create_ledger(
        self, directory: str, run_id: str, workflow: str, tasks: Sequence[str], created: int, epoch: int = 0
    ) -> Ledger:
        """Make the ledger of a new run in its directory, with all tasks waiting; one that is there is opened.

        Args:
            epoch: What its first epoch comes after; below 2**44.
        """

    @abstractmethod
    def replace_ledger(self, directory: str, fresh: str) -> str | None:
        """Put the ledger that was made in the directory ``fresh`` in the place of that in ``directory``, in one step.

        Whoever has the old one open can write no more, and reads the new one from the next overview on.

        Returns:
            Where the old one is kept from now on, or None where there was none.

        Raises:
            StoreError: It could not be done; the old one is at its place, or there is none.
        """

    @abstractmethod
    def open_ledger(self, directory: str, *, write: bool = False) -> Ledger:
        """Open the ledger in a run's directory.

        Raises:
            StoreDamaged: The file is damaged, is no ledger, or is not there.
            StoreTooNew: A newer reflow wrote it.
            StoreError: It cannot be read.
        """

    @abstractmethod
    def open_results(self, *, write: bool = False) -> Results:
        """Open the results that runs share, making them when ``write`` and they are not there.

        Raises:
            StoreDamaged: The file is damaged, or is no store.
            StoreTooNew: A newer reflow wrote it.
            StoreError: It cannot be reached or is locked.
        """

    @abstractmethod
    def rebuild_results(self, fill: Callable[[Results, Salvage], None]) -> str | None:
        """Have new results come in the place of those at the address, in one step, while nobody else writes there.

        Args:
            fill: Is given new ones, empty, and what can be read of the old. Where it raises, all stays as it was.

        Returns:
            Where the old ones are kept from now on, or None where there were none.

        Raises:
            StoreError: It could not be done; the old ones are at their place, or there are none.
        """
