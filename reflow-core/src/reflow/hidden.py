"""Modules of Python's own that a file of the user's hides, such as ``json.py`` beside a flow: told in words."""

from __future__ import annotations

import os
import sys

_OWN = os.path.dirname(os.__file__) + os.sep
_WRONG_USAGE = 2


def end_in_words(error: BaseException, where: str = "") -> None:
    """End the process in words, if it broke because a name was looked for in a file that hides a module.

    Args:
        where: The user's own line that was at work; told when the name was looked for there.
    """
    if told := hidden_by(error):
        print(f"error: {told}{'' if _is_in_between(error) else where}", file=sys.stderr)
        raise SystemExit(_WRONG_USAGE)


def hidden_by(error: BaseException | None) -> str:
    """Return which file hides the module that an error, or what led to it, is about; empty where none does."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:  # by ``raise error from error`` it led to itself
        seen.add(id(error))
        name = _module_of(error)
        hiding = _hiding(error) if name else {}
        if hiding and name.startswith("reflow") and _is_in_between(error):  # it was left half made
            name = next(iter(hiding))
        if name in hiding:
            return (
                f"{hiding[name]} has the name of Python's own module {name!r}, and hides it\n"
                "give the file another name"
            )
        error = error.__cause__ or error.__context__
    return ""


def _hiding(error: BaseException) -> dict[str, str]:
    """Return the files that are, or were being, loaded in the place of Python's modules, by the name of the module."""
    files = {module: file for module, file in _frames(error) if module in sys.stdlib_module_names}
    for name in sys.stdlib_module_names.intersection(sys.modules):
        files.setdefault(name, getattr(sys.modules[name], "__file__", None) or "")
    return {name: file for name, file in files.items() if file and not os.path.abspath(file).startswith(_OWN)}


def _module_of(error: BaseException) -> str:
    """Return the name of the module in which something was not found, without what is below it."""
    name = ""
    if isinstance(error, ImportError):
        name = error.name or ""
    elif isinstance(error, AttributeError) and type(error.obj) is type(sys):
        name = error.obj.__name__
    return name.partition(".")[0]


def _is_in_between(error: BaseException) -> bool:
    """Whether an error comes from reflow itself or from what was loaded for it, not from the user's own lines."""
    frames = _frames(error)
    if not frames:  # it was never raised, only named as a cause
        return False
    name = frames[-1][0].partition(".")[0]
    return name.startswith("reflow") or name in sys.stdlib_module_names


def _frames(error: BaseException) -> list[tuple[str, str]]:
    """Return module and file of each line on the way to an error."""
    found = []
    place = error.__traceback__
    while place is not None:
        found.append((str(place.tb_frame.f_globals.get("__name__")), place.tb_frame.f_code.co_filename))
        place = place.tb_next
    return found
