"""Whether results that were found may be reused, as far as the files in them and their verifiers say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reflow.errors import StoreError
from reflow.graph.model import Graph
from reflow.model.records import FoundResult
from reflow.run.hold import Hold
from reflow.run.shared_results import SharedResults

Found = Collection[FoundResult]


def changed_results(results: SharedResults, found: Found) -> set[bytes]:
    """Return the identities of those results whose files changed, each file looked at once.

    A file that is gone is taken as cleaned up.
    """
    with_paths = [result for result in found if result.paths]
    if not with_paths:
        return set()
    from reflow.run.verify import is_changed

    try:
        return {result.identity for result, text in _texts(results, with_paths) if is_changed(text)}
    except StoreError:
        return {result.identity for result in with_paths}


def rejected_results(hold: Hold, found: Found, tasks: Mapping[bytes, str]) -> set[bytes]:
    """Return the identities of those results that their verifiers reject.

    One of which files are missing, and nothing else is wrong, is left alone where another task takes it: it is
    made again when that has to run. What its verifier rejects although its files are as they were made is forgotten,
    since they would tell no other run, and counts as new when it is made again: what was built on it may be wrong.

    Args:
        tasks: The task of each identity.
    """
    from reflow.run.verify import FILES_ONLY, Checks, refused_file

    inner = _with_consumers(hold.run.graph)
    rejected: set[bytes] = set()
    with Checks(hold.run, hold.lease.beat) as checks:
        looked_at = [r for r in found if r.paths or not checks.is_own(tasks[r.identity])]
        try:
            for result, text in _texts(hold.results, looked_at):
                task = tasks[result.identity]
                verdict = checks.check(task, text)
                if verdict.holds or (verdict.missing and task in inner):
                    continue
                rejected.add(result.identity)
                hold.messages.append(f"{task}: an earlier result is not reused: {verdict.reason}")
                if not (checks.is_own(task) or refused_file(text)):
                    hold.results.invalidate([(result.identity, result.output)], verdict.reason)
        except StoreError:
            return {result.identity for result in looked_at}
        if checks.trouble:
            hold.messages.append(f"{checks.trouble}; {FILES_ONLY}")
    return rejected


def _with_consumers(graph: Graph) -> set[str]:
    return {up for name in graph.tasks for up in graph.upstream(name)}


def _texts(results: SharedResults, found: Found) -> Iterator[tuple[FoundResult, str]]:
    """Yield results with their values; asks for nothing where there is none. Raises `StoreError`."""
    if not found:
        return
    texts = results.values([(result.identity, result.output) for result in found])
    yield from zip(found, texts, strict=True)
