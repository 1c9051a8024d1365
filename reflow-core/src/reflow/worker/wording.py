"""Texts of what went wrong: of a length that can be kept, and without secrets."""

from __future__ import annotations

from collections.abc import Iterable

REASON_LIMIT = 500  #: characters of the one line


def shortened(text: str, limit: int) -> str:
    """Return a text with its middle left out where it is longer than this."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]} [...] {text[-(limit // 2) :]}"


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets in it, neither as they are nor as ``repr`` writes them."""
    for secret in secrets:
        text = text.replace(secret, "***").replace(repr(secret)[1:-1], "***")
    return text
