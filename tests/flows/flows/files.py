"""Files that come in as parameters, and files that tasks make."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

from noting import note

from reflow import Param, Result, RunDir, Workflow

# Files that come in


inputs = Workflow("inputs")


def _read(path: Path) -> str:
    if path.is_dir():
        return ",".join(sorted(p.name for p in path.rglob("*")))
    return path.read_text() if path.exists() else "gone"


@inputs.job
def by_stat(file: Path, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "by_stat")
    return _read(file)


@inputs.job
def by_content(text: Annotated[Path, Param(track="content")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "by_content")
    return _read(text)


@inputs.job
def by_name(place: Annotated[Path, Param(track="path")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "by_name")
    return _read(place)


@inputs.job
def listed(files: list[Path]) -> list[Path]:
    return files


@inputs.array_job
def each(file: Annotated[Path, Result("listed")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "each", file.name)
    return _read(file)


# Files that tasks make


outputs = Workflow("outputs")

Out = Annotated[Path, Param(track="path", help="where the files go")]


@outputs.array_job
def make(
    name: Annotated[str, Result("names")], out: Out, text: str = "text", run_dir: RunDir = RunDir()
) -> Path:
    note(run_dir, "make", name)
    (out / name).write_text(text)
    return out / name


@outputs.job
def names() -> list[str]:
    return ["p", "q"]


@outputs.array_job
def use(file: Annotated[Path, Result("make")], mark: str = "", run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "use", file.name)
    return mark + file.read_text()


@outputs.job
def finish(texts: Annotated[list[str], Result("use")], run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "finish")
    return len(texts)


@outputs.job(track="content")
def make_by_content(out: Out, run_dir: RunDir = RunDir()) -> dict[str, Path]:
    note(run_dir, "make_by_content")
    (out / "c").write_text("c")
    return {"c": out / "c"}


@outputs.job
def use_by_content(
    files: Annotated[dict[str, Path], Result("make_by_content")], run_dir: RunDir = RunDir()
) -> str:
    note(run_dir, "use_by_content")
    return files["c"].read_text()


@outputs.job(track="path")
def make_by_name(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "make_by_name")
    (out / "n").write_text("n")
    return out / "n"


@outputs.job
def use_by_name(file: Annotated[Path, Result("make_by_name")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "use_by_name")
    return file.read_text()


# Directories that tasks make

folders = Workflow("folders")


def _store(out: Path, run_dir: Path, track: str) -> Path:
    note(run_dir, f"by_{track}")
    (out / track / "sub").mkdir(parents=True, exist_ok=True)
    (out / track / "meta").write_text("{}")
    (out / track / "sub" / "0.0").write_text("chunk")
    return out / track


@folders.job
def as_it_is(out: Out, run_dir: RunDir = RunDir()) -> Path:
    return _store(out, run_dir, "stat")


@folders.job(track="content")
def by_its_content(out: Out, run_dir: RunDir = RunDir()) -> Path:
    return _store(out, run_dir, "content")


@folders.job(track="path")
def by_its_name(out: Out, run_dir: RunDir = RunDir()) -> Path:
    return _store(out, run_dir, "path")


# Files that change while a run goes on


meddled = Workflow("meddled")

How = Literal["not", "touch", "replace", "remove"]


def _do(how: str, path: Path) -> None:
    if how == "touch":
        path.touch()
    elif how == "replace":
        path.write_text("somebody else's")
    elif how == "remove":
        path.unlink()


@meddled.job
def write(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "write")
    (out / "w").write_text("as written")
    return out / "w"


@meddled.job(after="write", cache=False)
def meddle(out: Out, how: How = "not") -> None:
    _do(how, out / "w")


@meddled.job(after="meddle")
def consume(file: Annotated[Path, Result("write")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "consume")
    return file.read_text() if file.exists() else "gone"


changing = Workflow("changing")


@changing.job
def changes_its_input(given: Path, how: How = "not", run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "changes_its_input")
    found = given.read_text()
    _do(how, given)
    return found


@changing.job(after="changes_its_input")
def reads_after(given: Path, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "reads_after")
    return given.read_text() if given.exists() else "gone"


# Two runs that write the same file, in a run directory that they share


shared = Workflow("shared")


@shared.job
def produce(content: str, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "produce", content)
    (run_dir / "field").write_text(content)
    return run_dir / "field"


@shared.job(after="produce", cache=False)
def hold(content: str, run_dir: RunDir = RunDir()) -> None:
    while (run_dir / f"hold {content}").exists():
        time.sleep(0.01)


@shared.job(after="hold")
def read(field: Annotated[Path, Result("produce")], content: str, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "read", content)
    return field.read_text()


# A parameter that names what the task writes


naming = Workflow("naming")


@naming.job
def writes(out: Path, run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "writes")
    return out.write_text("written")


@naming.job
def writes_by_name(place: Out, run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "writes_by_name")
    return place.write_text("written")


# A file that is made from what nobody looks at


rebuilt = Workflow("rebuilt")


@rebuilt.job
def make_from(out: Out) -> Path:
    (out / "made").write_text((out / "text").read_text())
    return out / "made"


@rebuilt.job
def use_made(made: Annotated[Path, Result("make_from")], mark: str = "") -> str:
    return mark + made.read_text()


# Elements that write into one store


watchful, trusting = Workflow("watchful"), Workflow("trusting")


def _fill(workflow: Workflow, store: object) -> None:
    @workflow.job
    def make(run_dir: RunDir = RunDir()) -> Path:
        place = run_dir / "store"
        place.mkdir()
        return place

    @workflow.job
    def numbers() -> list[int]:
        return [0, 1, 2]

    def write(number: int, place: Path) -> int:
        (place / f"chunk {number}").write_text("filled")
        return number

    write.__annotations__ |= {"number": Annotated[int, Result("numbers")], "place": Annotated[Path, store]}
    workflow.array_job(write)


_fill(watchful, Result("make"))
_fill(trusting, Result("make", track="path"))
