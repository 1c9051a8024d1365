"""What a text can be made of: glyphs or their ASCII stand-ins, colour or none, and how wide it may be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from reflow.model.named_tuple import NamedTuple

WIDTH = 80

_GLYPHS = {
    "succeeded": ("✓", "+"),
    "reused": ("⟳", "="),
    "running": ("▶", ">"),
    "submitted": ("…", "."),
    "queued": ("…", "."),
    "pending": ("·", "o"),
    "waiting": ("·", "o"),
    "failed": ("✗", "x"),
    "cancelled": ("⊘", "-"),
    "skipped": ("⊘", "-"),
    "held": ("⊘", "!"),
    "dot": ("·", "|"),
    "dash": ("—", "-"),
    "cut": ("…", "..."),
}
_COLOURS = {
    "succeeded": "32",
    "reused": "36",
    "running": "33",
    "failed": "31",
    "cancelled": "35",
    "skipped": "35",
}


class Screen(NamedTuple):
    """How to write for one reader."""

    unicode: bool = True
    colour: bool = False
    width: int = WIDTH

    def glyph(self, word: str) -> str:
        """Return the glyph of a state or a mark, in its colour."""
        return self.paint(_GLYPHS[word][0 if self.unicode else 1], word)

    def paint(self, text: str, word: str) -> str:
        """Return a text in the colour of a state."""
        code = _COLOURS.get(word) if self.colour else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    def shorten(self, text: str, width: int) -> str:
        """Return a text cut to a width, with a mark where it was cut."""
        cut = _GLYPHS["cut"][0 if self.unicode else 1]
        return text if len(text) <= width else text[: max(0, width - len(cut))] + cut


def screen_for(stream: TextIO, environ: Mapping[str, str] | None = None) -> Screen:
    """Return how to write to a stream: plain when it is piped, under ``NO_COLOR``, or in a dumb terminal."""
    environ = os.environ if environ is None else environ
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        "".join(glyph for glyph, _ in _GLYPHS.values()).encode(encoding)
        unicode = True
    except (UnicodeEncodeError, LookupError):
        unicode = False
    colour = stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Screen(unicode, colour)
