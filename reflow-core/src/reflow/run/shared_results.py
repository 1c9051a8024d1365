"""The results that runs share, as one run uses them: no run stops because of the cache."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from reflow.contracts.store import Results, Store
from reflow.errors import StoreError
from reflow.model.records import Context, FoundResult, NewResult


class SharedResults:
    """Opens the results once, when they are first needed; out of reach, look-ups are misses.

    Attributes:
        trouble: Why they are out of reach, in words, or None.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._results: Results | None = None
        self.trouble: str | None = None

    def find(self, identities: Collection[bytes]) -> dict[bytes, FoundResult]:
        """Return the current result of each identity that has one; none when they are out of reach."""
        try:
            return self._open().find(identities) if identities else {}
        except StoreError as error:
            self.trouble = str(error)
            return {}

    def values(self, keys: Sequence[tuple[bytes, bytes]]) -> Iterator[str]:
        """Stream the values of (identity, output) pairs. Raises `StoreError`."""
        return self._open().values(keys)

    def items(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        """Return item digests of (identity, output) pairs. Raises `StoreError`."""
        return self._open().items(keys)

    def append(self, batches: Iterable[tuple[Context, Sequence[NewResult]]]) -> bool:
        """Append results of several tasks and return whether that went well; if not, they wait in the ledger."""
        try:
            self._open().append_all(batches)
        except StoreError as error:
            self.trouble = str(error)
            return False
        return True

    def invalidate(self, keys: Sequence[tuple[bytes, bytes]], reason: str) -> None:
        """Have other runs use these (identity, output) pairs no more; out of reach, they find out themselves."""
        try:
            self._open().invalidate(keys, reason)
        except StoreError as error:
            self.trouble = str(error)

    def close(self) -> None:
        """Let go of the store."""
        if self._results is not None:
            self._results.close()
            self._results = None

    def _open(self) -> Results:
        if self._results is None:
            self._results = self._store.open_results(write=True)
        return self._results
