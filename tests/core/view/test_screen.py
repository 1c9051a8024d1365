"""What a stream can show decides how it is written to."""

import io

import pytest

from reflow.view.screen import Screen, screen_for


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def stream(encoding, kind=io.TextIOWrapper):
    return kind(io.BytesIO(), encoding=encoding)


def test_a_pipe_has_no_colour():
    assert screen_for(stream("utf-8"), {"TERM": "xterm"}).colour is False


@pytest.mark.parametrize(
    ("environ", "colour"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_has_colour_unless_somebody_minds(environ, colour):
    assert screen_for(stream("utf-8", Terminal), environ).colour is colour


@pytest.mark.parametrize(("encoding", "glyph"), [("utf-8", "✓"), ("ascii", "+"), ("latin-1", "+")])
def test_glyphs_have_stand_ins_where_the_encoding_lacks_them(encoding, glyph):
    assert screen_for(stream(encoding), {}).glyph("succeeded") == glyph


def test_a_text_is_cut_with_a_mark():
    assert Screen().shorten("abcdef", 4) == "abc…"
    assert Screen(unicode=False).shorten("abcdef", 4) == "a..."
    assert Screen().shorten("abc", 3) == "abc"
