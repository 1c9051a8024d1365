from typing import Annotated
from reflow import Param, Result, RunDir
from reflow import Flow, Workflow

conversion = Flow("conversion")


@conversion.job()
def prepare(start: Annotated[str, Param(help="Start date")], run_dir: RunDir = RunDir()) -> list[str]:
    return [f"{start}-a.nc", f"{start}-b.nc"]


@conversion.array_job()
def convert(nc_file: Annotated[str, Result(step="prepare")]) -> str:
    return f"{nc_file}.zarr"


# Single use
wf = Workflow("experiment")
wf.include(conversion)

# Or with prefixes
combined = Workflow("combined")
combined.include(conversion, prefix="era5")
combined.include(conversion, prefix="icon")


@combined.job()
def merge(
    era5: Annotated[list[str], Result(step="era5_convert")],
    icon: Annotated[list[str], Result(step="icon_convert")],
    run_dir: RunDir = RunDir(),
) -> str:
    return "merged"
