"""How an instance can fail around its function."""

from __future__ import annotations

from reflow.errors import ReflowError


class Unfit(ReflowError):
    """A value that its annotation does not allow, or that is too large."""


class StaleInput(ReflowError):
    """A file that an upstream task returned is not the one that it wrote."""
