# The signatures of the chapters on results, parameters, the run directory and order, in one flow.
from pathlib import Path
from typing import Annotated, Literal
from reflow import Workflow, Param, Result, RunDir

wf = Workflow("signatures")


@wf.job()
def cleanup_old_runs(run_dir: RunDir = RunDir()) -> None:
    (run_dir / "cleaned").write_text("")


@wf.job(after=["cleanup_old_runs"])
def prepare(run_dir: RunDir = RunDir()) -> list[str]:
    assert isinstance(run_dir, Path)
    assert (run_dir / "cleaned").exists()
    return ["a.nc", "b.nc"]


@wf.array_job()
def convert(
    nc_file: Annotated[str, Result(step="prepare")],  # dependency + data
    run_dir: RunDir = RunDir(),
) -> str:
    return f"{nc_file}.zarr"


@wf.job()
def prepare_a() -> list[str]:
    return ["a1", "a2"]


@wf.job()
def prepare_b() -> list[str]:
    return ["b1"]


@wf.array_job()
def merge(
    item: Annotated[str, Result(steps=["prepare_a", "prepare_b"])],
) -> str:
    return item.upper()


@wf.job()
def ingest(
    start: Annotated[str, Param(help="Start date")],  # global: --start
    chunk: Annotated[int, Param(help="Chunk", namespace="local")] = 256,  # --ingest-chunk
    model: Annotated[Literal["era5", "icon"], Param(help="Model")] = "era5",  # --model {era5,icon}
) -> str:
    return f"{start} {chunk} {model}"


if __name__ == "__main__":
    raise SystemExit(wf.cli())
