"""Where an exception was raised: the last frames of the user's own code, with what their functions were given."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from itertools import islice
from linecache import getline
from reprlib import Repr
from traceback import walk_tb
from types import FrameType, TracebackType

from reflow.filesystem.project import is_project_file
from reflow.worker.wording import masked, shortened

FRAMES = 3  #: that are told, the last ones
ARGUMENTS = 12  #: of one function that are told
_VALUE_LIMIT = 200  #: characters of one

_REPR = Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 20_000  # a secret has to be whole to be found in it


def last_frames(begin: TracebackType | None, secrets: Iterable[str]) -> list[dict[str, object]]:
    """Return the last frames of the user's own code, the innermost last; of any code where there are none.

    Args:
        begin: The traceback from the task's own function on. What that was given is known, and not told again.

    Returns:
        ``file``, ``line``, ``function``, ``code`` and ``arguments`` (a line for each by name) of each.
    """
    found = list(walk_tb(begin))
    own = [one for one in found if is_project_file(one[0].f_code.co_filename)]
    return [
        _told(frame, line, frame is found[0][0], secrets) for frame, line in (own or found[-1:])[-FRAMES:]
    ]


def _told(frame: FrameType, line: int, is_first: bool, secrets: Iterable[str]) -> dict[str, object]:
    code = frame.f_code
    source = getline(code.co_filename, line, frame.f_globals).strip()
    return {
        "file": code.co_filename,
        "line": line,
        "function": code.co_name,
        "code": shortened(masked(source, secrets), _VALUE_LIMIT),
        "arguments": {} if is_first else dict(islice(_arguments(frame, secrets), ARGUMENTS)),
    }


def _arguments(frame: FrameType, secrets: Iterable[str]) -> Iterator[tuple[str, str]]:
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    for name in code.co_varnames[:count]:
        if name in frame.f_locals:  # it may have been deleted
            yield name, shortened(masked(_text(frame.f_locals[name]), secrets), _VALUE_LIMIT)


def _text(value: object) -> str:
    try:
        return " ".join(_REPR.repr(value).split())
    except BaseException as broken:
        return f"(its text cannot be made: {type(broken).__name__})"
