"""The options of the local executor."""

from __future__ import annotations

import os
from collections.abc import Mapping

from reflow.plugin import ConfigError


def read_workers(options: Mapping[str, object]) -> int:
    """Return how many workers may run at once.

    Raises:
        ConfigError: ``workers`` is no whole number above 0.
    """
    given = options.get("workers")
    if given is None:
        return usable_cpus()
    try:
        workers = int(str(given))
    except ValueError:
        workers = 0
    if workers < 1:
        raise ConfigError(
            f"workers = {given!r}: give a whole number from 1 on, such as --workers {usable_cpus()}"
        )
    return workers


def usable_cpus() -> int:
    """Return how many CPUs this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
