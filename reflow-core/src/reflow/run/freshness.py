"""Whether results that were found may be reused, as far as the files in them and their verifiers say."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from reflow.errors import StoreError
from reflow.model.records import FoundResult
from reflow.run.current import Current
from reflow.run.hold import Hold
from reflow.run.shared_results import SharedResults

Key = tuple[bytes, bytes]  #: identity and output


def changed_results(results: SharedResults, found: Current) -> set[Key]:
    """Return those results whose files changed, each file looked at once.

    A file that is gone is taken as cleaned up.
    """
    with_paths = {_key(result): result for own in found.values() for result in own.values() if result.paths}
    if not with_paths:
        return set()
    from reflow.run.verify import is_changed

    try:
        return {_key(result) for result, text in _texts(results, [*with_paths.values()]) if is_changed(text)}
    except StoreError:
        return {*with_paths}


def rejected_results(hold: Hold, found: Current, inner: Container[str]) -> set[Key]:
    """Return those results that their verifiers reject.

    One of which files are missing, and nothing else is wrong, is left alone where another task takes it: it is
    made again when that has to run. What its verifier rejects although its files are as they were made is forgotten,
    since they would tell no other run, and counts as new when it is made again: what was built on it may be wrong.

    Args:
        inner: The tasks that another takes from or comes after.
    """
    from reflow.run.verify import FILES_ONLY, Checks, refused_file

    rejected: set[Key] = set()
    tasks = {_key(result): task for task, own in found.items() for result in own.values()}
    once = {_key(result): result for own in found.values() for result in own.values()}
    with Checks(hold.run, hold.lease.beat) as checks:
        looked_at = [r for key, r in once.items() if r.paths or not checks.is_own(tasks[key])]
        try:
            for result, text in _texts(hold.results, looked_at):
                task = tasks[_key(result)]
                verdict = checks.check(task, text)
                if verdict.holds or (verdict.missing and task in inner):
                    continue
                rejected.add(_key(result))
                hold.messages.append(f"{task}: an earlier result is not reused: {verdict.reason}")
                if not (checks.is_own(task) or refused_file(text)):
                    hold.results.invalidate([_key(result)], verdict.reason)
        except StoreError:
            return {_key(result) for result in looked_at}
        if checks.trouble:
            hold.messages.append(f"{checks.trouble}; {FILES_ONLY}")
    return rejected


def _key(result: FoundResult) -> Key:
    return result.identity, result.output


def _texts(results: SharedResults, found: Sequence[FoundResult]) -> Iterator[tuple[FoundResult, str]]:
    """Yield results with their values; asks for nothing where there is none. Raises `StoreError`."""
    if not found:
        return
    texts = results.values([_key(result) for result in found])
    yield from zip(found, texts, strict=True)
