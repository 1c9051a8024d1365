"""The files in control/ by which commands speak to whoever advances a run.

A *request* (cancel or retry) is a file of its own, made whole by link, so that neither is lost when the
coordinator dies. The mark of a cancel stays until a retry takes back what it covered: elements look at it.
"""

from __future__ import annotations

import contextlib
import json
import os

from reflow.errors import RunDirError
from reflow.filesystem.files import read_bytes, replace_file
from reflow.model.named_tuple import NamedTuple
from reflow.rundir.layout import RunPaths

_CANCEL, _RETRY, _NOTE = "cancel-", "retry-", "note-"


class Scope(NamedTuple):
    """Which instances a request means: all of a run, of a task, or some indices of a task; in any state, or in one."""

    task: str | None = None
    indices: tuple[int, ...] | None = None
    state: str | None = None

    def covers(self, task: str, index: int) -> bool:
        """Whether an instance is meant, whatever its state."""
        return (self.task is None or self.task == task) and (self.indices is None or index in self.indices)


class Request(NamedTuple):
    """A cancel or retry that waits to be carried out, or a cancel that holds."""

    name: str
    kind: str
    scopes: tuple[Scope, ...]
    verify: bool = True


def write_request(paths: RunPaths, kind: str, scopes: tuple[Scope, ...], *, verify: bool = True) -> str:
    """Leave a durable request and return its name; ``kind`` is ``cancel`` or ``retry``.

    Raises:
        RunDirError: It cannot be written, so that nothing is asked for.
    """
    name = f"{kind}-{_next_number(paths):06d}-{os.urandom(4).hex()}"
    body = {"scopes": [[s.task, s.indices, s.state] for s in scopes], "verify": verify}
    try:
        replace_file(os.path.join(paths.control, name), json.dumps(body).encode())
    except OSError as error:
        wrong = f"the {kind} cannot be written into {paths.control}: {error.strerror or error}"
        raise RunDirError(f"{wrong}\nwhen that is put right, type it again") from error
    return name


def list_requests(paths: RunPaths) -> list[Request]:
    """Return the requests that wait, oldest first."""
    return [found for name in _names(paths) if (found := _read(paths, name)) is not None]


def remove_request(paths: RunPaths, name: str) -> None:
    """Take a request away; one that is gone is no error."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(paths.control, name))


def leave_note(paths: RunPaths) -> None:
    """Ask the holder of the lease for one more pass before it goes."""
    replace_file(os.path.join(paths.control, f"{_NOTE}{os.urandom(6).hex()}"), b"", sync=False)


def take_notes(paths: RunPaths) -> bool:
    """Remove all notes and return whether there were any."""
    found = [name for name in _listed(paths) if name.startswith(_NOTE) and not name.endswith(".tmp")]
    for name in found:
        remove_request(paths, name)
    return bool(found)


class CancelMarks:
    """The cancels that hold, as an element sees them; asking again is cheap while nothing changes."""

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self._seen = -1
        self._scopes: tuple[Scope, ...] = ()

    def covers(self, task: str, index: int) -> bool:
        """Whether an instance has been cancelled."""
        try:
            changed = os.stat(self._paths.control).st_mtime_ns
        except OSError:
            return False
        if changed != self._seen:
            self._seen = changed
            self._scopes = tuple(
                s for r in list_requests(self._paths) if r.kind == "cancel" for s in r.scopes
            )
        return any(scope.covers(task, index) for scope in self._scopes)


def _read(paths: RunPaths, name: str) -> Request | None:
    try:
        body = json.loads(read_bytes(os.path.join(paths.control, name)))
    except (FileNotFoundError, ValueError):
        return None
    scopes = tuple(Scope(t, None if i is None else tuple(i), s) for t, i, s in body["scopes"])
    return Request(name, name.partition("-")[0], scopes, bool(body["verify"]))


def _names(paths: RunPaths) -> list[str]:
    names = [n for n in _listed(paths) if n.startswith((_CANCEL, _RETRY)) and not n.endswith(".tmp")]
    return sorted(names, key=lambda name: name.partition("-")[2])


def _next_number(paths: RunPaths) -> int:
    return max((int(name.split("-")[1]) for name in _names(paths)), default=0) + 1


def _listed(paths: RunPaths) -> list[str]:
    try:
        return os.listdir(paths.control)
    except FileNotFoundError:
        return []
