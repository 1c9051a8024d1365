"""The one place that hashes."""

from __future__ import annotations

import json
from typing import Any

DIGEST_SIZE = 32  #: bytes in every digest

_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False
)


def _sha256() -> Any:
    """Return Python's own SHA-256: hashlib loads OpenSSL, which takes longer than all that a worker hashes."""
    for name in ("_sha2", "_sha256"):  # since Python 3.12, and before
        try:
            return __import__(name).sha256
        except ImportError:
            continue
    import hashlib

    return hashlib.sha256


sha256 = _sha256()


def canonical(value: object) -> str:
    """Return a JSON value as the one text that stands for it: sorted keys, ASCII, no white space."""
    return repr(value) if type(value) is int else _ENCODER.encode(value)  # the same, in a tenth of the time


def digest(kind: str, value: object) -> bytes:
    """Return the SHA-256 of a JSON value under a kind tag, as 32 bytes.

    Equal values digest equally in any process and on any Python; values of two kinds never do.

    Raises:
        TypeError: The value is not JSON (there is no ``default=``: nothing is hashed by its repr).
        ValueError: The value holds a NaN or an infinity that was not tagged.
    """
    found: bytes = sha256(f"{kind}\0{canonical(value)}".encode("ascii")).digest()
    return found


def digest_many(kind: str, parts: list[bytes]) -> bytes:
    """Return the digest of a sequence of digests, in order, as 32 bytes."""
    found: bytes = sha256(f"{kind}\0".encode("ascii") + b"".join(parts)).digest()
    return found
