"""``store gc``: remove what no run of the last days points at."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from reflow.cli.call import Call, absolute
from reflow.cli.confirm import is_confirmed
from reflow.errors import ReflowError
from reflow.view.words import plural, size_text

if TYPE_CHECKING:
    from reflow.contracts.store import Results
    from reflow.model.records import RunEntry
    from reflow.run.gc import Opener, Pointed, Sum
    from reflow.run.opened import OpenRun


def gc(call: Call, run_dirs: Sequence[str], days: int) -> int:
    """Say what would go, ask, and remove it."""
    from reflow.compose.backends import make_store
    from reflow.run.clock import now_ms
    from reflow.run.gc import files_of, sum_of, unused

    before = now_ms() - days * 86_400_000
    store, _ = make_store(call.settings)
    with contextlib.closing(store.open_results(write=True)) as results:
        pointed = _pointed(call, results, run_dirs, before)
        for run_id, why in pointed.unread.items():
            call.hint(f"run {run_id} cannot be read, and may use any result: {why}")
        if pointed.unread:
            call.hint(
                "so no result is removed; of a run directory that was deleted for good, say: --gone DIR"
            )
        found = sum_of(unused(results, pointed, before))
        runs, files = files_of(pointed.ended)
        if not (found.count or files.count):
            call.hint(
                f"nothing is older than {plural(days, 'day')} and used by no run: nothing is to be removed"
            )
            done = False
        elif done := is_confirmed(call, _plan(found, files, days)):
            found, files = _remove(call, results, run_dirs, before, runs, files)
            call.hint("removed")
        else:
            call.hint("nothing was removed")
    if call.options.json:
        call.facts(
            {"done": done, "results": found._asdict(), "runs": files._asdict(), "unread": pointed.unread}
        )
    return 0


def _plan(found: Sum, files: Sum, days: int) -> str:
    parts = []
    if found.count:
        whose = f"no run of the last {plural(days, 'day')} uses" if days else "no run uses that is not over"
        parts.append(f"{plural(found.count, 'result')} ({size_text(found.size)}) that {whose}")
    if files.count:
        parts.append(f"logs, payloads and outcomes of {plural(files.count, 'run')} ({size_text(files.size)})")
    return f"remove {' and '.join(parts)}"


def _remove(
    call: Call, results: Results, run_dirs: Sequence[str], before: int, runs: Sequence[RunEntry], files: Sum
) -> tuple[Sum, Sum]:
    from reflow.run.gc import remove_files, remove_unused

    pointed = _pointed(call, results, run_dirs, before)  # the user may have taken a while
    count = 0
    for entry in runs:
        try:
            count += remove_files(entry, _opener(call), before)
        except ReflowError as error:
            call.hint(f"run {entry.run_id} is left as it is: {error}")

    def look() -> Pointed:
        return _pointed(call, results, run_dirs, before, but=pointed.over)

    return remove_unused(results, pointed, before, look), files._replace(count=count)


def _pointed(
    call: Call,
    results: Results,
    run_dirs: Sequence[str],
    before: int,
    but: Collection[tuple[str, str]] = (),
) -> Pointed:
    """Return what runs point at, ``but`` for some of them, each by its run directory and id."""
    from reflow.run.gc import pointed_at

    listed = results.runs()
    known = {(entry.run_dir, entry.run_id) for entry in listed}
    others = [entry for entry in _in(run_dirs) if (entry.run_dir, entry.run_id) not in known]
    gone = {absolute(folder) for folder in call.options.gone}
    runs = [entry for entry in [*listed, *others] if (entry.run_dir, entry.run_id) not in but]
    return pointed_at(runs, _opener(call), before, gone)


def _in(run_dirs: Sequence[str]) -> list[RunEntry]:
    from reflow.model.records import RunEntry
    from reflow.rundir.layout import list_runs

    folders = [absolute(folder) for folder in run_dirs]
    return [RunEntry(run_id, "", folder, 0, "", "") for folder in folders for run_id in list_runs(folder)]


def _opener(call: Call) -> Opener:
    from reflow.compose.runs import KnownRun, open_known

    def opened(run_dir: str, run_id: str) -> OpenRun:
        return open_known(KnownRun(run_id, run_dir, 0), call.settings)

    return opened
