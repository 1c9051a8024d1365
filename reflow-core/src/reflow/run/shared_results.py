"""The results that runs share, as one run uses them: no run stops because of the cache."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from reflow.contracts.store import Results, Store
from reflow.errors import StoreError
from reflow.graph.model import Node
from reflow.model.records import Acceptance, Context, EarlierResult, FoundResult, NewResult, RunEntry
from reflow.values.digests import item_digests


class SharedResults:
    """Opens the results once, when they are first needed; out of reach, look-ups are misses.

    Args:
        write: Whether something may be kept there too.

    Attributes:
        trouble: Why they are out of reach, in words, or None.
    """

    def __init__(self, store: Store, *, write: bool = True) -> None:
        self._store = store
        self._write = write
        self._results: Results | None = None
        self.trouble: str | None = None

    def find(self, identities: Collection[bytes]) -> dict[bytes, FoundResult]:
        """Return the current result of each identity that has one; none when they are out of reach."""
        try:
            return self._open().find(identities) if identities else {}
        except StoreError as error:
            self.trouble = str(error)
            return {}

    def by_makers(self, identities: Collection[bytes]) -> dict[bytes, list[FoundResult]] | None:
        """Return of each identity with several makers the newest result of each; None when they are out of reach."""
        try:
            return self._open().by_makers(identities)
        except StoreError as error:
            self.trouble = str(error)
            return None

    def others(self, keys: Collection[tuple[bytes, bytes]], code: bytes) -> dict[bytes, FoundResult]:
        """Return of each identity the newest with another output that a code made; none when they are out of reach."""
        try:
            return self._open().others(keys, code) if keys else {}
        except StoreError as error:
            self.trouble = str(error)
            return {}

    def values(self, keys: Sequence[tuple[bytes, bytes]]) -> Iterator[str]:
        """Stream the values of (identity, output) pairs. Raises `StoreError`."""
        return self._open().values(keys)

    def items(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        """Return item digests of (identity, output) pairs. Raises `StoreError`."""
        return load_items(self._open(), keys)

    def earlier(
        self, key: str, index: int, before: int, identity: bytes | None = None
    ) -> list[EarlierResult]:
        """Return results of a task key that were made before a moment, newest first; none when out of reach."""
        try:
            return self._open().earlier(key, index, before, identity)
        except StoreError as error:
            self.trouble = str(error)
            return []

    def runs(self) -> list[RunEntry]:
        """Return the list of runs, newest first; none when it is out of reach."""
        try:
            return self._open().runs()
        except StoreError as error:
            self.trouble = str(error)
            return []

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

    def accepted_for(self, node: Node) -> dict[bytes, Acceptance]:
        """Return who accepted which codes for as good as that of a task; none when that is out of reach."""
        try:
            accepted = self._open().acceptances(node.key)
        except StoreError as error:
            self.trouble = str(error)
            return {}
        return {one.old: one for one in accepted if one.new.hex() == node.code_hash}

    def code_parts(self, hashes: Collection[bytes]) -> dict[bytes, str]:
        """Return what hashes of code were made of, as far as that is known and within reach."""
        try:
            return self._open().code_parts(hashes)
        except StoreError as error:
            self.trouble = str(error)
            return {}

    def record_run(self, entry: RunEntry) -> None:
        """Add a run to the user's list, unless the store is out of reach."""
        try:
            self._open().record_run(entry)
        except StoreError as error:
            self.trouble = str(error)

    def close(self) -> None:
        """Let go of the store."""
        if self._results is not None:
            self._results.close()
            self._results = None

    def _open(self) -> Results:
        if self._results is None:
            self._results = self._store.open_results(write=self._write)
        return self._results


def load_items(results: Results, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
    """Return the item digests of (identity, output) pairs, concatenated; None for what is no list.

    They are kept where there are Paths, whose stamps may be renewed; else they are told from the value, which
    takes less than keeping 32 bytes for every item.

    Raises:
        StoreError: The results are out of reach.
    """
    found = results.items(keys)
    missing = [number for number, items in enumerate(found) if items is None]
    texts = results.values([keys[number] for number in missing])
    for number, text in zip(missing, texts, strict=True):
        if (digests := item_digests(json.loads(text))) is not None:
            found[number] = b"".join(digests)
    return found
