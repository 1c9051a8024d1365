"""Whether the files behind kept outputs are still those that were stamped."""

from __future__ import annotations

import json
from collections.abc import Collection

from reflow.errors import StoreError, ValueMisfit
from reflow.filesystem.stamps import MISSING, take_stamp
from reflow.model.records import FoundResult
from reflow.run.shared_results import SharedResults
from reflow.values.paths import paths_in


def stale_results(
    results: SharedResults, found: Collection[FoundResult], *, missing_is_stale: bool
) -> set[bytes]:
    """Return the identities of those results whose files changed, each file looked at once.

    Args:
        missing_is_stale: Whether a file that is gone counts; otherwise it is taken as cleaned up.
    """
    with_paths = [result for result in found if result.paths]
    if not with_paths:
        return set()
    try:
        texts = list(results.values([(result.identity, result.output) for result in with_paths]))
    except StoreError:
        return {result.identity for result in with_paths}
    return {
        result.identity
        for result, text in zip(with_paths, texts, strict=True)
        if any(_differs(path, stamp, missing_is_stale) for path, stamp in paths_in(json.loads(text)))
    }


def _differs(path: str, stamp: list[object] | None, missing_is_stale: bool) -> bool:
    if stamp is None:
        return False
    try:
        now = take_stamp(path, "content" if stamp[0] == "content" else "stat")
    except (OSError, ValueMisfit):
        return True
    if now == MISSING and stamp != MISSING:
        return missing_is_stale
    return now != stamp
