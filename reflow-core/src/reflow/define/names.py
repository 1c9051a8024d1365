"""What flows, tasks and prefixes may be called, and which known name a wrong one was meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reflow.errors import DefinitionError

NAME_LIMIT = 64  #: characters in the name of a flow or of a task, its prefix included

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # compiled when it is first used


def check_name(kind: str, name: object) -> str:
    """Return a name that may stand in paths, job names and ids.

    Raises:
        DefinitionError: It is no text, too long, or holds other characters than letters, digits and ``._-``.
    """
    if not isinstance(name, str):
        raise DefinitionError(f"the name of a {kind} is text, not {name!r}")
    if len(name) > NAME_LIMIT:
        raise DefinitionError(
            f"the {kind} name {name!r} has {len(name)} characters; at most {NAME_LIMIT} are allowed"
        )
    if not re.fullmatch(_NAME, name):
        raise DefinitionError(
            f"{name!r} is no name for a {kind}: use letters, digits and '._-', beginning with a letter or digit"
        )
    return name


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant, or None when none is near."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"``, or what there is to choose from when nothing is near."""
    known = list(words)
    if found := nearest(word, known):
        return f"; did you mean {found!r}?"
    shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return f" (there is: {shown})" if known else ""
