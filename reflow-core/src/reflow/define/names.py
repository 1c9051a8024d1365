"""Which known name a wrong one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable


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
