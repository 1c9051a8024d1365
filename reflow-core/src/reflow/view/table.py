"""Columns of text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_COLOUR = re.compile(r"\x1b\[\d*m")


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: str = "  ") -> list[str]:
    """Return rows as lines with their columns aligned.

    Args:
        right: Numbers of the columns that are aligned to the right.
    """
    if not rows:
        return []
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [indent + "  ".join(_cells(row, widths, right)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> list[str]:
    cells = []
    for column, (text, width) in enumerate(zip(row, widths, strict=True)):
        pad = " " * (width - _width(text))
        cells.append(pad + text if column in right else text + pad)
    return cells


def _width(text: str) -> int:
    return len(_COLOUR.sub("", text))
