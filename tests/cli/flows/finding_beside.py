"""Tasks that are given a directory, and look for files there or elsewhere."""

import os
from glob import glob
from pathlib import Path
from typing import Annotated

from reflow import Param, Workflow

wf = Workflow("finding_beside")
HERE = Path("in")
Named = Annotated[Path, Param(track="path")]


def _helped(folder: Path) -> int:
    return len(list(folder.rglob("*.nc")))


def _elsewhere() -> int:
    return len(os.listdir("in"))


@wf.job
def there(one: Path) -> int:
    folders = [one / "a", one / "b"]
    return sum(len(list(folder.glob("*.nc"))) for folder in folders)


@wf.job
def handed(one: Path) -> int:
    return _helped(one)


@wf.job
def elsewhere(one: Path) -> int:
    return len(glob("in/*.nc")) + one.stat().st_size


@wf.job
def step_by_step(one: Path) -> int:
    folder = HERE / "sub"
    return len(list(folder.iterdir())) + one.stat().st_size


@wf.job
def by_name(one: Path, name: Named) -> int:
    return len(os.listdir(name)) + one.stat().st_size


@wf.job
def by_another(one: Path) -> int:
    return _elsewhere() + one.stat().st_size


if __name__ == "__main__":
    raise SystemExit(wf.cli())
