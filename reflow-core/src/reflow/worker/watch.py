"""Files behind the Paths of an instance's inputs: are they still those that were stamped?"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

from reflow.errors import StaleInput, ValueMisfit
from reflow.filesystem.stamps import MISSING, Stamp, take_stamp
from reflow.model.named_tuple import NamedTuple
from reflow.values.paths import paths_in
from reflow.values.tagged import Tagged

_OWN = '; if it names what the run itself writes, say so by Param(track="path")'
SETTLED_NS = 2 * 10**9  #: age at which a change of a file has given it another time than the one before
_PATHLESS = {str, int, bool, type(None)}


class Watched(NamedTuple):
    """One file that an input names; ``is_result`` when a task returned it."""

    parameter: str
    path: str
    stamp: list[Any]
    is_result: bool


def watched(parameter: str, tagged: Tagged, *, is_result: bool) -> Iterator[Watched]:
    """Yield the files in an input that carry a stamp."""
    if type(tagged) not in _PATHLESS:
        for path, stamp in paths_in(tagged):
            if stamp is not None:
                yield Watched(parameter, path, stamp, is_result)


def check_before(files: Iterable[Watched], fs_latency_s: float) -> str:
    """Look at input files before a call, and return why its result is not reusable, or an empty text.

    Raises:
        StaleInput: A file that a task returned is there and differs, and still does after a while.
    """
    unusable = ""
    for file in files:
        found = _differs(file)
        if found is not None and file.is_result:
            found = _after_a_while(file, fs_latency_s)
        if found is None:
            continue
        if found == MISSING:  # the function may do without it, and what it makes then is no use to others
            unusable = unusable or f"{file.parameter}: {file.path} was gone when the task began"
        elif not file.is_result:
            unusable = unusable or f"{file.parameter}: {file.path} changed since the run was submitted{_OWN}"
        else:
            raise StaleInput(
                f"{file.parameter}: {file.path} is not the file that was returned: "
                f"it was {_show(file.stamp)}, now it is {_show(found)}\n"
                'type: retry, or write track="path" where elements share what they write into'
            )
    return unusable


def check_after(files: Iterable[Watched]) -> str:
    """Look at input files after a call, and return why its result is not reusable, or an empty text."""
    for file in files:
        if (found := _differs(file)) is not None:
            how = "was gone when the task ended" if found == MISSING else "changed while the task ran"
            return f"{file.parameter}: {file.path} {how}{'' if file.is_result else _OWN}"
    return ""


def _differs(file: Watched) -> list[Any] | None:
    """Return the stamp that a file has now, or None when it is the same."""
    found = _stamp_now(file.path, file.stamp[0] == "content")
    return None if found == file.stamp else found


_contents: dict[str, tuple[tuple[int, int, int, int], Stamp]] = {}


def _stamp_now(path: str, is_content: bool) -> list[Any] | None:
    try:
        if not is_content:
            return take_stamp(path)
        found = os.stat(path)
        key = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = _contents.get(path)
        if known is None or known[0] != key or os.path.isdir(path):
            known = key, take_stamp(path, "content")
            if time.time_ns() - found.st_ctime_ns > SETTLED_NS:
                _contents[path] = known
        return known[1]
    except (FileNotFoundError, NotADirectoryError):
        return list(MISSING)
    except (OSError, ValueMisfit) as error:
        return ["unreadable", str(error)]


def _after_a_while(file: Watched, fs_latency_s: float) -> list[Any] | None:
    """Look again: opening a file makes a network file system ask for its attributes anew."""
    ends = time.monotonic() + fs_latency_s
    while True:
        with contextlib.suppress(OSError):
            os.close(os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
        found = _differs(file)
        if found is None or found == MISSING or time.monotonic() >= ends:
            return found
        time.sleep(min(0.25, fs_latency_s))


def _show(stamp: list[Any]) -> str:
    if stamp[0] == "file":
        seconds, rest = divmod(int(stamp[2]), 10**9)
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
        return f"{stamp[1]} bytes of {moment}.{rest // 10**6:03d}"
    return " ".join(str(part)[:12] for part in stamp)
