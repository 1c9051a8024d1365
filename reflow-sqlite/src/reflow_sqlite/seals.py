"""Checksums of values: SQLite does not notice a flipped bit in one, and a wrong value must never be used."""

from __future__ import annotations

from zlib import crc32


def seal(value: str, output: bytes, items: bytes | None) -> int:
    """Return the checksum of a value and its digests, a number that SQLite keeps in four bytes."""
    return crc32(value.encode("utf-8", "surrogatepass"), crc32(items or b"", crc32(output))) - 0x8000_0000
