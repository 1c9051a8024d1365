"""Files that are made step by step, and outputs that their own tasks verify."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

from noting import note

from reflow import Param, Result, RunDir, Workflow

Out = Annotated[Path, Param(track="path", help="where the files go")]


def _fail_if(out: Path, name: str) -> None:
    if (out / f"broken {name}").exists():
        raise ValueError(f"{name} is broken")


# One file after another

line = Workflow("line")


@line.job
def make(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "make")
    (out / "made").write_text("made")
    return out / "made"


@line.job
def use(file: Annotated[Path, Result("make")], out: Out, mark: str = "", run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "use")
    _fail_if(out, "use")
    return mark + file.read_text()


# A file that its task says it wrote

promised = Workflow("promised")


@promised.job
def promises(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "promises")
    if (out / "works").exists():
        (out / "promised").write_text("written")
    return out / "promised"


@promised.job
def takes(file: Annotated[Path, Result("promises")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "takes")
    return file.read_text()


# A directory of files

stored = Workflow("stored")


@stored.job
def into(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "into")
    (out / "store" / "group").mkdir(parents=True)
    for name in ("zero", "group/one"):
        (out / "store" / name).write_text(name)
    return out / "store"


def _read(store: Path) -> str:
    return " ".join(file.read_text() for file in sorted(store.rglob("*")) if file.is_file())


@stored.job
def counts_in(store: Annotated[Path, Result("into")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "counts_in")
    return _read(store)


@stored.job
def marks(store: Annotated[Path, Result("into")], mark: str = "", run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "marks")
    return mark + _read(store)


# Four array tasks in a chain, and what gathers them

chain = Workflow("chain")


@chain.job
def names() -> list[str]:
    return ["p", "q", "r"]


def _step(out: Path, run_dir: Path, task: str, name: str, text: str) -> Path:
    note(run_dir, task, name)
    _fail_if(out, f"{task} {name}")
    (out / f"{task} {name}").write_text(f"{text} {task}")
    return out / f"{task} {name}"


@chain.array_job
def first(name: Annotated[str, Result("names")], out: Out, run_dir: RunDir = RunDir()) -> Path:
    return _step(out, run_dir, "first", name, name)


@chain.array_job
def second(file: Annotated[Path, Result("first")], out: Out, run_dir: RunDir = RunDir()) -> Path:
    return _step(out, run_dir, "second", file.name.split()[1], file.read_text())


@chain.array_job
def third(file: Annotated[Path, Result("second")], out: Out, run_dir: RunDir = RunDir()) -> Path:
    return _step(out, run_dir, "third", file.name.split()[1], file.read_text())


@chain.array_job
def fourth(
    file: Annotated[Path, Result("third")], out: Out, mark: str = "", run_dir: RunDir = RunDir()
) -> Path:
    return _step(out, run_dir, "fourth", file.name.split()[1], mark + file.read_text())


@chain.job
def last(files: Annotated[list[Path], Result("fourth")], run_dir: RunDir = RunDir()) -> list[str]:
    note(run_dir, "last")
    return [file.read_text() for file in files]


# Two files, one of which is read by two tasks

fork = Workflow("fork")


@fork.job
def left(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "left")
    (out / "left").write_text("left")
    return out / "left"


@fork.job
def right(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "right")
    (out / "right").write_text("right")
    return out / "right"


@fork.job
def one(file: Annotated[Path, Result("left")], out: Out, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "one")
    _fail_if(out, "one")
    return file.read_text()


@fork.job
def both(
    file: Annotated[Path, Result("left")],
    other: Annotated[Path, Result("right")],
    run_dir: RunDir = RunDir(),
) -> str:
    note(run_dir, "both")
    return file.read_text() + other.read_text()


# Paths wherever they may be

nested = Workflow("nested")


@dataclass
class Pair:
    left: Path
    right: Optional[Path] = None


@nested.job
def deep(out: Out, run_dir: RunDir = RunDir()) -> dict[str, list[Pair]]:
    note(run_dir, "deep")
    for name in ("a", "b", "c"):
        (out / name).write_text(name)
    return {"pairs": [Pair(out / "a"), Pair(out / "b", out / "c")]}


@nested.job(track="path")
def named(out: Out, run_dir: RunDir = RunDir()) -> tuple[Path, Optional[Path]]:
    note(run_dir, "named")
    (out / "d").write_text("d")
    return out / "d", None


# Outputs that are verified by what the user says

own = Workflow("own")


def is_good(output: object) -> bool:
    """Ask a file, which a test can write, what to say of every output."""
    print(f"asked about {output!r}", file=sys.stderr)
    said = Path(os.environ["SAID"]) if "SAID" in os.environ else Path("said")
    word = said.read_text() if said.exists() else "good"
    if word == "raise":
        raise RuntimeError("who knows?")
    if word == "hang":
        said.with_name("said.new").write_text(str(os.getpid()))
        said.with_name("said.new").rename(said.with_name("said hang"))
        time.sleep(100)
    if word == "exit":
        raise SystemExit(3)
    if word == "die":
        os._exit(3)
    return word == "good"


@own.job(verify=is_good)
def number(run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "number")
    return 1


@own.job
def double(number: Annotated[int, Result("number")], run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "double")
    return 2 * number


@own.job
def end(double: Annotated[int, Result("double")], out: Out, run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "end")
    _fail_if(out, "end")
    return double + 1


# Verifiers of reflow's own that are named

sized = Workflow("sized")


@sized.job(verify="size")
def by_size(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "by_size")
    (out / "s").write_text("sized")
    return out / "s"


@sized.job
def reads(file: Annotated[Path, Result("by_size")], out: Out, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "reads")
    _fail_if(out, "reads")
    return file.read_text()


@sized.job(verify="checksum")
def by_checksum(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "by_checksum")
    (out / "c").write_text("summed")
    return out / "c"


# A file that a function verifies, as it reads

looked = Workflow("looked")


def reads_well(file: Path) -> bool:
    """Accept what begins well."""
    return file.read_text().startswith("good")


@looked.job(verify=reads_well)
def by_function(out: Out, run_dir: RunDir = RunDir()) -> Path:
    note(run_dir, "by_function")
    at_first = out / "bad at first"
    (out / "f").write_text("evil" if at_first.exists() else "good")
    at_first.unlink(missing_ok=True)
    return out / "f"


@looked.job
def reads_on(file: Annotated[Path, Result("by_function")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "reads_on")
    return file.read_text()
