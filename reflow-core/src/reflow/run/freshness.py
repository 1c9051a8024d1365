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
        if changed_file(text, missing_counts=missing_is_stale)
    }


def changed_file(text: str, *, missing_counts: bool) -> str | None:
    """Return the first file in a value that is not as it was stamped, with what is wrong; None when all are.

    Args:
        text: The tagged JSON of a value.
        missing_counts: Whether a file that is gone counts; otherwise it is taken as cleaned up.
    """
    if '"$path"' not in text:
        return None
    return next(
        (
            wrong
            for path, stamp in paths_in(json.loads(text))
            if (wrong := _differs(path, stamp, missing_counts))
        ),
        None,
    )


def _differs(path: str, stamp: list[object] | None, missing_counts: bool) -> str | None:
    if stamp is None:
        return None
    try:
        now = take_stamp(path, "content" if stamp[0] == "content" else "stat")
    except (OSError, ValueMisfit) as error:
        return f"{path} cannot be looked at: {error}"
    if now == MISSING and stamp != MISSING:
        return f"{path} is missing" if missing_counts else None
    return None if now == stamp else f"{path} changed since it was made"
