"""``store rebuild``: a damaged ledger or damaged results, made anew from run directories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reflow.cli.call import Call, absolute
from reflow.errors import UnknownRun
from reflow.view.words import plural

if TYPE_CHECKING:
    from reflow.run.opened import OpenRun
    from reflow.run.rebuild_results import Place


def rebuild(call: Call, run_dirs: Sequence[str], reference: str | None) -> int:
    """Rebuild the ledger of a run, or without one the results."""
    folders = [absolute(folder) for folder in run_dirs]
    return _results(call, folders) if reference is None else _ledger(call, folders, reference)


def _ledger(call: Call, folders: Sequence[str], reference: str) -> int:
    from reflow.run.rebuild_ledger import clear_remains, ledger_trouble, rebuild_ledger
    from reflow.view.words import printable

    run = _open(call, folders, reference)
    facts = {"run_id": run.id, "rebuilt": False, "state": None, "kept_aside": None}
    trouble = ledger_trouble(run)
    if trouble is None:
        clear_remains(run)
        call.hint(f"the ledger of run {run.id} is as it was written: nothing was changed")
    else:
        done = rebuild_ledger(run)
        facts |= {"rebuilt": True, "state": done.state.value, "kept_aside": done.aside}
        if done.aside:
            call.hint(f"the damaged ledger is kept as {done.aside}")
        if done.trouble:
            call.hint(f"warning: {printable(done.trouble)}; what was reused is to be decided on again")
        call.hint(
            f"run {run.id} is {done.state.value}{f'; {run.remedy}' if done.state.value == 'held' else ''}"
        )
    if call.options.json:
        call.facts(facts)
    elif trouble is not None:
        call.say(run.id)
    return 0


def _open(call: Call, folders: Sequence[str], reference: str) -> OpenRun:
    from reflow.compose.runs import open_run

    unknown: UnknownRun | None = None
    places: Sequence[str | None] = folders or [None]
    for folder in places:
        try:
            return open_run(reference, run_dir=folder, settings=call.settings)
        except UnknownRun as error:
            unknown = error
    assert unknown is not None
    raise unknown


def _results(call: Call, folders: Sequence[str]) -> int:
    from reflow.compose.backends import make_store
    from reflow.compose.runs import KnownRun, open_known
    from reflow.run.rebuild_results import rebuild_results

    def opened(place: Place) -> OpenRun:
        return open_known(KnownRun(place.run_id, place.run_dir, 0), call.settings)

    store, _ = make_store(call.settings)
    done = rebuild_results(store, opened, _places(folders), trust=call.options.trust)
    what = "damaged store" if done.lost else "store as it was"
    call.hint(
        f"the {what} is kept as {done.aside}" if done.aside else "there was no store; a new one was made"
    )
    call.hint(
        f"{plural(done.kept, 'result')} could be read of it, {done.added} came from the ledgers of "
        f"{plural(done.runs, 'run')}"
    )
    if not done.runs and done.lost:
        call.hint("to fill it from the ledgers of runs, name run directories: --run-dir DIR")
    for run_id, why in done.unread.items():
        call.hint(f"run {run_id} was left out: {why}")
    for what in ("acceptances", "code"):
        if what in done.lost:
            call.hint(f"warning: not all of {what} could be read ({done.lost[what]})")
    if done.in_doubt:
        call.hint(
            f"warning: whether {plural(done.in_doubt, 'result')} had been invalidated cannot be told, so they are not "
            "reused; if none was, add: --trust"
        )
    elif call.options.trust and done.added:
        call.hint("warning: results that had been invalidated may be back")
    if call.options.json:
        call.facts(
            {
                "store": store.address,
                **{k: v for k, v in done._asdict().items() if k != "aside"},
                "kept_aside": done.aside,
            }
        )
    return 0


def _places(folders: Sequence[str]) -> Iterator[Place]:
    from reflow.run.rebuild_results import Place
    from reflow.rundir.layout import list_runs

    for folder in folders:
        for run_id in list_runs(folder):
            yield Place(folder, run_id)
