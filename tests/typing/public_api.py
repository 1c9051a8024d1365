"""What type checkers see of the public API; nothing here is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from typing_extensions import assert_type

from reflow import Flow, Param, Result, Run, RunDir, Workflow, open_run

wf = Workflow("typed")


@wf.job
def bare(start: Annotated[str, Param(help="Start")], run_dir: RunDir = RunDir()) -> list[str]:
    assert_type(start, str)
    assert_type(run_dir, Path)
    return [str(run_dir / start)]


@wf.job(cpus=4, mem="4G", time="00:10:00", after=[bare, "bare"], verify=lambda output: output > 0)
def with_arguments(x: Annotated[list[str], Result(step=bare)]) -> float:
    assert_type(x, list[str])
    return 1.0


@wf.array_job
def array(item: Annotated[str, Result(step="bare")]) -> Path:
    return Path(item)


@wf.array_job(pack=50, workers=8)
def chained(item: Annotated[Path, Result(array)], chunk: int = 3) -> tuple[int, str]:
    return chunk, str(item)


@wf.job(array=True)
def also_array(item: Annotated[str, Result(bare)]) -> None: ...


assert_type(bare("2025"), list[str])
assert_type(bare("2025", Path()), list[str])
assert_type(with_arguments(["a"]), float)
assert_type(array("a"), Path)
assert_type(chained(Path("a")), tuple[int, str])
assert_type(wf.job(cpus=1)(array)("a"), Path)

bare(1)  # type: ignore[arg-type]
wf.job(cpu=4)  # type: ignore[call-overload]
wf.job(cpus="four")  # type: ignore[call-overload]
wf.array_job(array=True)  # type: ignore[call-overload]
Param(namespce="local")  # type: ignore[call-arg]

conversion = Flow("conversion")
wf.include(conversion, prefix="era5", params={"model": "era5"})

run = wf.submit(run_dir="/scratch", start="2025", wait=True)
assert_type(run, Run)
assert_type(open_run("x"), Run)
assert_type(wf.cli(), int)


def generic(function: Callable[[int], str]) -> Callable[[int], str]:
    return conversion.job(function)
