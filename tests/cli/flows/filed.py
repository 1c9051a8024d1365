"""A file that one task makes and another reads, which fails as long as there is a file called broken."""

from pathlib import Path
from typing import Annotated

from reflow import Result, RunDir, Workflow

wf = Workflow("filed")


def _called(run_dir: Path, name: str) -> None:
    with open(run_dir / "calls", "a", encoding="ascii") as calls:
        calls.write(f"{name}\n")


@wf.job
def make(run_dir: RunDir = RunDir()) -> Path:
    _called(run_dir, "make")
    (run_dir / "made").write_text("made")
    return run_dir / "made"


@wf.job
def use(file: Annotated[Path, Result(step="make")], run_dir: RunDir = RunDir()) -> str:
    _called(run_dir, "use")
    if Path("broken").exists():
        raise ValueError("it is broken")
    return file.read_text() if file.exists() else "nothing to read"


if __name__ == "__main__":
    raise SystemExit(wf.cli())
