from typing import Annotated
from reflow import Workflow, Param, Result

wf = Workflow("caching")


# Bump version when task logic changes (invalidates cache)
@wf.job(version="2")
def prepare(start: Annotated[str, Param(help="Start date")]) -> list[str]:
    return [start]


@wf.array_job()
def convert(nc_file: Annotated[str, Result(step="prepare")]) -> str:
    return nc_file


# Disable caching entirely for a task
@wf.job(cache=False)
def always_fresh(files: Annotated[list[str], Result(step="convert")]) -> str:
    return "fresh"


if __name__ == "__main__":
    wf.submit(run_dir="run0", start="2025-01-01", wait=True)
    wf.submit(run_dir="run1", start="2025-01-01", wait=True)

    # Force-run everything on submit
    run = wf.submit(run_dir="run2", force=True, start="2025-01-01")
    run.wait()

    # Force-run specific tasks only
    run = wf.submit(run_dir="run3", force_tasks=["prepare"], start="2025-01-01")
    run.wait()
