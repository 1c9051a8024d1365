from pathlib import Path
from typing import Annotated
from reflow import Workflow, Param, Result, RunDir

wf = Workflow("verification")


@wf.job()
def download(start: Annotated[str, Param(help="Start date")]) -> list[Path]:  # auto-verified via Path type
    Path("era5.nc").write_text(start)
    return [Path("era5.nc")]


@wf.job(verify=lambda output: output > 0)
def compute_stats(files: Annotated[list[Path], Result(step="download")]) -> float:
    return float(len(files))


@wf.array_job()
def convert(nc_file: Annotated[Path, Result(step="download")], run_dir: RunDir = RunDir()) -> str:
    if not Path("mended").exists():
        raise OSError("the disk is broken")
    return nc_file.read_text()


if __name__ == "__main__":
    # Normal submit: trusts the cache, fast
    run = wf.submit(run_dir="run1", start="2025-01-01")
    run.wait()

    # Task fails -> retry verifies upstream before resubmitting
    run.retry()  # verify=True by default
    run.wait()
    run.retry("convert")  # verify one task's upstreams
    run.wait()
    Path("mended").write_text("")
    run.retry("convert", verify=False)  # skip verification if you're sure
    run.wait()

    run = wf.submit(run_dir="run2", verify=True, start="2025-01-01")
    run.wait()
