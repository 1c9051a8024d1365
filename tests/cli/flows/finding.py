"""Tasks that look for files, in ways of which only some are noticed when files change."""

from pathlib import Path
from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("finding")
Named = Annotated[Path, Param(track="path")]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.nc"))


@wf.job
def by_name(folder: Named) -> list[str]:
    return _names(folder)


@wf.job(cache=False)
def always(folder: Named) -> list[str]:
    return _names(folder)


@wf.job
def by_stamp(watched: Path) -> list[str]:
    return _names(watched)


@wf.job
def given(names: Annotated[list[str], Result(step="always")]) -> int:
    return len(names)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
