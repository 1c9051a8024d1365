"""Making the ledger of a run anew, in the place of one that is damaged."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator

from reflow.contracts.store import Ledger
from reflow.errors import OutOfReach, RunDirError, StoreDamaged
from reflow.filesystem.files import make_directory, read_bytes, remove_directory, replace_file
from reflow.model.named_tuple import NamedTuple
from reflow.model.states import RunState
from reflow.run.opened import OpenRun
from reflow.run.replay import Replay, Written
from reflow.run.shared_results import SharedResults
from reflow.run.status import save_picture
from reflow.run.submitted import read_submitted
from reflow.rundir.lease import Lease
from reflow.rundir.runfile import check_own

GENERATION = 1 << 40  #: epochs that no ledger can use up, since each of them is a transaction


class Rebuilt(NamedTuple):
    """What a rebuild came to.

    Attributes:
        aside: Where the damaged ledger is kept, or None where there was none.
        trouble: Why what was reused could not be looked up, or None.
    """

    state: RunState
    aside: str | None
    trouble: str | None


def ledger_trouble(run: OpenRun) -> StoreDamaged | None:
    """Return what is wrong with the ledger of a run, all of it read, or None.

    Raises:
        StoreError: It cannot be reached, or is of a newer reflow.
    """
    try:
        with contextlib.closing(run.store.open_ledger(run.paths.root)) as ledger:
            _read_all(ledger)
    except StoreDamaged as error:
        return error
    return None


def rebuild_ledger(run: OpenRun) -> Rebuilt:
    """Make the ledger of a run from its directory, under its lease; the old one is kept beside it.

    A kill anywhere leaves the old ledger or the new one, and doing it again goes on. Coordinators of before can write
    no more: the new ledger's epochs are above all that theirs can have had.

    Raises:
        OutOfReach: Somebody advances the run, or its directory cannot be read or written.
    """
    check_own(run.paths)
    run.close()
    results = SharedResults(run.store, write=False)
    try:
        with _leased(run) as lease, contextlib.closing(results):
            fresh = _beside(run)
            remove_directory(fresh)
            make_directory(fresh)
            try:
                state = _fill(run, fresh, results, lease)
                aside = run.store.replace_ledger(run.paths.root, fresh)
            finally:
                remove_directory(fresh)
        save_picture(run)
    except OSError as error:
        raise RunDirError(
            f"{error.filename or run.paths.root} cannot be read or written: {error.strerror or error}"
        ) from error
    return Rebuilt(state, aside, results.trouble)


def clear_remains(run: OpenRun) -> None:
    """Remove what a rebuild left that was killed once the new ledger was in its place; nothing while one is at work."""
    if not os.path.isdir(_beside(run)):
        return
    check_own(run.paths)
    with contextlib.suppress(OutOfReach), _leased(run):
        remove_directory(_beside(run))


def _beside(run: OpenRun) -> str:
    return os.path.join(run.paths.root, "ledger.rebuilt")


def _fill(run: OpenRun, fresh: str, results: SharedResults, lease: Lease) -> RunState:
    tasks, info = list(run.graph.tasks), run.info
    ledger = run.store.create_ledger(
        fresh, run.id, run.workflow, tasks, info["created"], GENERATION * _next_generation(run)
    )
    with contextlib.closing(ledger):
        submitted = read_submitted(run.paths, run.graph.tasks)
        lease.beat()
        return Replay(run, Written(ledger, ledger.take_epoch()), submitted, results, lease.beat).fill()


def _next_generation(run: OpenRun) -> int:
    """Count the ledgers of a run; the number is written before it is used, so that none is used twice."""
    path = os.path.join(run.paths.control, "generation")
    try:
        before = int(json.loads(read_bytes(path)))
    except FileNotFoundError:
        before = 0
    except (ValueError, TypeError) as error:
        raise RunDirError(f"{path} is damaged; it should hold a number") from error
    replace_file(path, json.dumps(before + 1).encode())
    return before + 1


@contextlib.contextmanager
def _leased(run: OpenRun) -> Iterator[Lease]:
    lease = Lease(run.paths)
    holder = lease.take()
    if holder is not None:
        raise OutOfReach(
            f"run {run.id} is being advanced by {holder.describe()}; its ledger can be rebuilt when that has ended"
        )
    try:
        yield lease
    finally:
        lease.release()


def _read_all(ledger: Ledger) -> None:
    """Read everything there is, so that damage anywhere is met."""
    overview = ledger.overview()
    for task in overview.tasks:
        ledger.instances(task)
        ledger.items(task)
        for _ in ledger.values(task):
            pass
    ledger.attempts()
    for row in ledger.submissions():
        ledger.segments(row.token)
    ledger.unpublished(1)
