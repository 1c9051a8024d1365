"""Tasks that run again for one cause each."""

from pathlib import Path
from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("causes")
Folder = Annotated[Path, Param(track="path")]


@wf.job
def lines(n: int = 2) -> list[int]:
    return list(range(n))


@wf.array_job
def double(line: Annotated[int, Result(step="lines")]) -> int:
    return 2 * line


@wf.job(cache=False)
def look() -> int:
    return 1


@wf.job
def kept(folder: Folder) -> Path:
    (folder / "kept").write_text("kept")
    return folder / "kept"


@wf.job
def title(out: Path, scale: float = 1.0) -> str:
    return f"{out.name} by {scale}"


@wf.job
def write(title: Annotated[str, Result(step="title")], folder: Folder) -> str:
    (folder / "out").mkdir(exist_ok=True)
    (folder / "out" / "title").write_text(title)
    return title


if __name__ == "__main__":
    raise SystemExit(wf.cli())
