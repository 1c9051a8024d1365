"""A run in the user's list of runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reflow.model.records import RunEntry
from reflow.rundir.layout import RunPaths
from reflow.values.show import show


def run_entry(paths: RunPaths, info: Mapping[str, Any]) -> RunEntry:
    """Return the entry of a run, from what run.json says of it."""
    told = {key: show(value) for key, value in info["parameters"].items()}
    return RunEntry(
        paths.run_id,
        info["workflow"],
        paths.run_dir,
        info["created"],
        info["executor"]["name"],
        json.dumps(told),
    )
