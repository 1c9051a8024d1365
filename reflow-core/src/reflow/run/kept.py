"""A request for a run whose ledger cannot be read: kept all the same, for whoever takes the lease next."""

from __future__ import annotations

from reflow.errors import OutOfReach, StoreHalfWritten
from reflow.run.opened import OpenRun
from reflow.rundir.control import Scope, write_request
from reflow.rundir.runfile import check_own


def keep(
    run: OpenRun, kind: str, scopes: tuple[Scope, ...], error: StoreHalfWritten, *, verify: bool = True
) -> OutOfReach:
    """Write a request down that cannot be carried out now, and return what is to be said of it.

    Raises:
        OutOfReach: The run is somebody else's.
    """
    check_own(run.paths)
    write_request(run.paths, kind, scopes, verify=verify)
    return OutOfReach(
        f"{str(error).splitlines()[0]}\nthe {kind} is kept until the ledger can be read, within three minutes; "
        f"then carry it out by: {run.typed('status' if kind == 'cancel' else 'advance')}"
    )
