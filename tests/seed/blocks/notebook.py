# %%
from typing import Annotated
from reflow import Workflow, Param, Result, RunDir

wf = Workflow("experiment")


# %%
@wf.job()
def prepare(start: Annotated[str, Param(help="Start")], run_dir: RunDir = RunDir()) -> list[str]:
    return ["a.nc", "b.nc"]


# %%
@wf.array_job()
def convert(
    nc_file: Annotated[str, Result(step="prepare")],
    bucket: Annotated[str, Param(help="Bucket")],
    run_dir: RunDir = RunDir(),
) -> str:
    return f"{nc_file}.zarr"


# %%
run = wf.submit(run_dir="/scratch/run1", start="2025-01-01", bucket="b")

# %%
run.status()  # pretty-prints task states

# %%
run.cancel()  # cancel all active tasks

# %%
run.cancel("convert")  # cancel one task

# %%
run.retry()  # retry all failures

# %%
run.status(as_dict=True)  # returns dict for scripting
