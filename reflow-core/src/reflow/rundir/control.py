"""The files in control/ by which commands speak to whoever advances a run.

A *request* (cancel or retry) is a file of its own, made whole by link, so that neither is lost when the
coordinator dies. The mark of a cancel stays, since elements look at it, until a retry: then of what was handed over and
stays cancelled. What a retry opened again stands there, too: no outcome says so, and a ledger may have to be rebuilt.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence

from reflow.errors import RunDirError
from reflow.filesystem.files import read_bytes, replace_file
from reflow.model.named_tuple import NamedTuple
from reflow.rundir.layout import RunPaths, SubmissionPaths

_CANCEL, _RETRY, _NOTE, _OPENED = "cancel-", "retry-", "note-", "opened-"


class Scope(NamedTuple):
    """Which instances a request means: all of a run, of a task, or some indices of a task; in any state, or in one."""

    task: str | None = None
    indices: frozenset[int] | None = None
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
    try:
        replace_file(os.path.join(paths.control, name), _body(scopes, verify=verify))
    except OSError as error:
        wrong = f"the {kind} cannot be written into {paths.control}: {error.strerror or error}"
        raise RunDirError(f"{wrong}\nwhen that is put right, type it again") from error
    return name


def narrow_cancel(paths: RunPaths, cancel: Request, scopes: Sequence[Scope]) -> str | None:
    """Have a cancel mean less from now on, and return its name; None where nothing is left of it."""
    if set(scopes) == set(cancel.scopes):
        return cancel.name
    name = f"{_CANCEL}{_number(cancel.name):06d}-{os.urandom(4).hex()}" if scopes else None
    if name is not None:
        replace_file(os.path.join(paths.control, name), _body(scopes, verify=cancel.verify))
    remove_request(paths, cancel.name)
    return name


def _body(scopes: Sequence[Scope], *, verify: bool) -> bytes:
    return json.dumps({"scopes": [_plain(scope) for scope in scopes], "verify": verify}).encode()


def _plain(scope: Scope) -> list[object]:
    return [scope.task, None if scope.indices is None else sorted(scope.indices), scope.state]


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


class Opened(NamedTuple):
    """What a retry opened again: what those instances came to before counts no more.

    Attributes:
        after: The number of the last submission before that.
        instances: Their indices, by task.
    """

    after: int
    instances: Mapping[str, Sequence[int]]


def write_opened(paths: RunPaths, opened: Opened) -> None:
    """Write down durably what a retry is about to open; the same again does no harm."""
    name = f"{_OPENED}{opened.after:06d}-{os.urandom(4).hex()}"
    replace_file(os.path.join(paths.control, name), json.dumps(opened).encode())


def list_opened(paths: RunPaths) -> list[Opened]:
    """Return all that was opened again in a run."""
    return [_read_opened(paths, name) for name in sorted(_opened_names(paths))]


def last_before_opened(paths: RunPaths) -> int:
    """Return the number of the last submission before anything was opened again; 0 if nothing was."""
    return max(map(_number, _opened_names(paths)), default=0)


def _opened_names(paths: RunPaths) -> list[str]:
    return [name for name in _listed(paths) if name.startswith(_OPENED) and not name.endswith(".tmp")]


def _read_opened(paths: RunPaths, name: str) -> Opened:
    return Opened(*json.loads(read_bytes(os.path.join(paths.control, name))))


class CancelMarks:
    """What was cancelled, as an element sees it; asking again is cheap while nothing changes.

    So is what a retry opened again that came after its submission, which another one does: the retry takes the mark of
    the cancel away, and an element may not have looked yet.
    """

    def __init__(self, run: RunPaths, submission: SubmissionPaths) -> None:
        self._run = run
        self._submission = submission
        self._number: int | None = None
        self._seen = -1
        self._known: dict[str, Sequence[Scope]] = {}  # by the names of files, which do not change

    def look(self) -> bool:
        """Look for them anew, and return whether there are any."""
        names = [n for n in _listed(self._run) if n.startswith((_CANCEL, _OPENED)) and not n.endswith(".tmp")]
        self._known = {
            name: scopes
            for name in names
            if (scopes := self._known[name] if name in self._known else self._read(name)) is not None
        }
        return any(self._known.values())

    def covers(self, task: str, index: int) -> bool:
        """Whether an instance has been cancelled."""
        try:
            changed = os.stat(self._run.control).st_mtime_ns
        except OSError:
            return False
        if changed != self._seen:
            self._seen = changed
            self.look()
        return any(scope.covers(task, index) for scopes in self._known.values() for scope in scopes)

    def _read(self, name: str) -> Sequence[Scope] | None:
        if name.startswith(_CANCEL):
            found = _read(self._run, name)
            return None if found is None else found.scopes
        if self._number is None:
            self._number = int(json.loads(read_bytes(self._submission.request))["number"])
        if _number(name) < self._number:
            return ()
        opened = _read_opened(self._run, name).instances
        return [Scope(task, frozenset(indices)) for task, indices in opened.items()]


def _read(paths: RunPaths, name: str) -> Request | None:
    try:
        body = json.loads(read_bytes(os.path.join(paths.control, name)))
    except (FileNotFoundError, ValueError):
        return None
    scopes = tuple(Scope(t, None if i is None else frozenset(i), s) for t, i, s in body["scopes"])
    return Request(name, name.partition("-")[0], scopes, bool(body["verify"]))


def _names(paths: RunPaths) -> list[str]:
    names = [n for n in _listed(paths) if n.startswith((_CANCEL, _RETRY)) and not n.endswith(".tmp")]
    return sorted(names, key=lambda name: name.partition("-")[2])


def _next_number(paths: RunPaths) -> int:
    return max(map(_number, _names(paths)), default=0) + 1


def _number(name: str) -> int:
    return int(name.split("-")[1])


def _listed(paths: RunPaths) -> list[str]:
    try:
        return os.listdir(paths.control)
    except FileNotFoundError:
        return []
