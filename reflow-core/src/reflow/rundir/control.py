"""The files in control/ by which commands speak to whoever advances a run.

A *request* (cancel or retry) is a file of its own, made whole by link, so that neither is lost when the
coordinator dies. The mark of a cancel stays until a retry takes back what it covered: elements look at it. What a retry
opened again stands there, too: no outcome says so, and a ledger may have to be rebuilt.
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
    body = {"scopes": [_plain(scope) for scope in scopes], "verify": verify}
    try:
        replace_file(os.path.join(paths.control, name), json.dumps(body).encode())
    except OSError as error:
        wrong = f"the {kind} cannot be written into {paths.control}: {error.strerror or error}"
        raise RunDirError(f"{wrong}\nwhen that is put right, type it again") from error
    return name


def _plain(scope: Scope) -> list[object]:
    return [scope.task, None if scope.indices is None else sorted(scope.indices), scope.state]


def list_requests(paths: RunPaths) -> list[Request]:
    """Return the requests that wait, oldest first."""
    return _requests(paths, _listed(paths))


def _requests(paths: RunPaths, listed: Sequence[str]) -> list[Request]:
    return [found for name in _names(listed) if (found := _read(paths, name)) is not None]


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
    return [_read_opened(paths, name) for name in _opened_names(_listed(paths))]


def _opened_names(listed: Sequence[str]) -> list[str]:
    return sorted(name for name in listed if name.startswith(_OPENED) and not name.endswith(".tmp"))


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
        self._scopes: list[Scope] = []

    def look(self) -> bool:
        """Read them anew, and return whether there are any."""
        listed = _listed(self._run)
        cancels = [found for found in _requests(self._run, listed) if found.kind == "cancel"]
        self._scopes = [scope for found in cancels for scope in found.scopes]
        if opened := _opened_names(listed):
            self._scopes += self._opened_again(opened)
        return bool(self._scopes)

    def covers(self, task: str, index: int) -> bool:
        """Whether an instance has been cancelled."""
        try:
            changed = os.stat(self._run.control).st_mtime_ns
        except OSError:
            return False
        if changed != self._seen:
            self._seen = changed
            self.look()
        return any(scope.covers(task, index) for scope in self._scopes)

    def _opened_again(self, names: Sequence[str]) -> list[Scope]:
        if self._number is None:
            self._number = int(json.loads(read_bytes(self._submission.request))["number"])
        later = [name for name in names if int(name.split("-")[1]) >= self._number]
        opened = [_read_opened(self._run, name).instances for name in later]
        return [Scope(task, frozenset(indices)) for found in opened for task, indices in found.items()]


def _read(paths: RunPaths, name: str) -> Request | None:
    try:
        body = json.loads(read_bytes(os.path.join(paths.control, name)))
    except (FileNotFoundError, ValueError):
        return None
    scopes = tuple(Scope(t, None if i is None else frozenset(i), s) for t, i, s in body["scopes"])
    return Request(name, name.partition("-")[0], scopes, bool(body["verify"]))


def _names(listed: Sequence[str]) -> list[str]:
    names = [n for n in listed if n.startswith((_CANCEL, _RETRY)) and not n.endswith(".tmp")]
    return sorted(names, key=lambda name: name.partition("-")[2])


def _next_number(paths: RunPaths) -> int:
    return max((int(name.split("-")[1]) for name in _names(_listed(paths))), default=0) + 1


def _listed(paths: RunPaths) -> list[str]:
    try:
        return os.listdir(paths.control)
    except FileNotFoundError:
        return []
