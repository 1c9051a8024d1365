"""Checksums of rows: SQLite does not notice a flipped bit in one, and nothing wrong must be read as if it were sound.

A row's seal covers its key, so that a row that is taken for another one does not fit either. Most take two bytes:
a CRC of 16 bits finds every error that is not longer than that. Those of values are of 32 bits. Where a value is
short, one covers the whole row; a long one, which is not read with the rest of its row, has a second one.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Sequence
from struct import Struct
from typing import Any
from zlib import crc32

from reflow_sqlite.failures import Torn

SHORT = 256  #: characters of a value, and bytes of its items, that one seal covers together with its row
NOTHING = -1 << 63  #: stands for a null among numbers
LONG = 1 << 62  #: seals from here on are of two parts: 30 bits for the row, 32 for its value

_PACK = [Struct(f"<{count}q").pack for count in range(13)]  #: by how many numbers there are


def row_seal(table: str, columns: Sequence[Any]) -> int:
    """Return the seal of a row of texts, whole numbers, digests and nulls: a number that SQLite keeps in two bytes."""
    return crc_hqx(ascii((table, *columns)).encode(), 0xFFFF) - 0x8000


def digests_seal(digests: bytes, numbers: Sequence[int], texts: Sequence[str | None]) -> int:
    """Return the same for a row of which there are many: only texts that there are, are made text first.

    Args:
        digests: Its digests, joined.
        numbers: Whole numbers of 64 bits at most, as SQLite has them; `NOTHING` for a null.

    Raises:
        struct.error: One is none.
    """
    head = _PACK[len(numbers)](*numbers)
    if texts.count(None) < len(texts):
        head += ascii(texts).encode()
    return crc_hqx(digests, crc_hqx(head, 0xFFFF)) - 0x8000


def check_row(table: str, columns: Sequence[Any], seal: int, what: str) -> None:
    """Raise `Torn` where a row is not as it was sealed; ``what`` it is says so in words."""
    if row_seal(table, columns) != seal:
        raise Torn(what)


def value_seal(digests: bytes, numbers: Sequence[int], value: str, items: bytes | None) -> int:
    """Return the seal of a row that holds a value.

    Args:
        digests, numbers: All of the row but its value and the digests of its items.

    Raises:
        struct.error: A number is no whole one.
    """
    head = crc32(_PACK[len(numbers)](*numbers), crc32(digests))
    if len(value) + len(items or b"") <= SHORT:
        return _body(value, items, head) - 0x8000_0000
    return LONG | (head & 0x3FFF_FFFF) << 32 | _body(value, items, 0)


def is_sealed(seal: int, digests: bytes, numbers: Sequence[int], value: str, items: bytes | None) -> bool:
    """Whether a row and its value are as they were sealed. Raises ``struct.error`` as `value_seal` does."""
    return seal == value_seal(digests, numbers, value, items)


def has_sealed_head(seal: int, digests: bytes, numbers: Sequence[int]) -> bool:
    """Whether a row with a long value is as it was sealed, as far as that can be told without the value."""
    head = crc32(_PACK[len(numbers)](*numbers), crc32(digests))
    return seal >> 32 == LONG >> 32 | head & 0x3FFF_FFFF


def _body(value: str, items: bytes | None, start: int) -> int:
    return crc32(value.encode("utf-8", "surrogatepass"), crc32(items or b"", start))
