"""A flow each of whose tasks waits until somebody lets it go on; `GATES` stands outside of the run directory."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

from reflow import Result, Workflow

disks = Workflow("disks")


def pass_gate(name: str) -> None:
    """Say that one is there, and wait until the gate is opened."""
    gates = Path(os.environ["GATES"])
    (gates / f"began-{name}").touch()
    while not (gates / f"open-{name}").exists():
        time.sleep(0.05)


@disks.job
def first() -> list[int]:
    pass_gate("first")
    return [1, 2, 3]


@disks.array_job
def each(n: Annotated[int, Result("first")]) -> int:
    pass_gate("each")
    return 10 * n


@disks.job
def last(found: Annotated[list[int], Result("each")]) -> int:
    pass_gate("last")
    return sum(found)


if __name__ == "__main__":
    raise SystemExit(disks.cli())
