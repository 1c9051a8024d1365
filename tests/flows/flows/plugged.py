"""Outputs that the verifiers of a plugin look at: by their name, and by a type that reflow does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from noting import note

from reflow import Param, RunDir, Workflow

wf = Workflow("plugged")
wrong = Workflow("wrong")

Out = Annotated[Path, Param(track="path", help="where the files go")]


@wf.job(verify="even")
def by_name(out: Out, run_dir: RunDir = RunDir()) -> list[Path]:
    note(run_dir, "by_name")
    (out / "one").write_text("1")
    (out / "two").write_text("22")
    return [out / "one", out / "two"]


@wf.job
def by_type(run_dir: RunDir = RunDir()) -> range:
    note(run_dir, "by_type")
    return range(3)


@wrong.job(verify="chekcsum")
def misspelt(out: Out) -> Path:
    return out


@wrong.job(verify="nowhere")
def unknown(out: Out) -> Path:
    return out
