"""The manifest holds the whole graph."""

from __future__ import annotations

import enum
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Optional

import pytest

import reflow
from reflow import Flow, Param, Result, RunDir
from reflow.errors import OutOfReach
from reflow.graph.build import build
from reflow.graph.manifest import from_manifest, to_manifest


class Model(enum.Enum):
    ERA5 = "era5"
    ICON = "icon"


@dataclass
class Grid:
    name: str
    size: tuple[int, ...] = (1, 2)


def everything() -> Flow:
    flow = Flow("everything")

    @flow.job(
        cpus=4, mem="4G", time=30, submit_options=["--exclusive"], version="3", track="content", verify="nc"
    )
    def prepare(
        start: Annotated[date, Param("When 100% starts", short="-s", metavar="DATE")],
        model: Annotated[Model, Param(choices=[Model.ERA5])] = Model.ERA5,
        grid: Grid = Grid("r1"),
        token: Annotated[Optional[str], Param(secret=True, track="path")] = None,
        names: tuple[str, ...] = ("ä", "\n"),
        run_dir: RunDir = RunDir(),
    ) -> list[Path]: ...

    @flow.array_job(
        pack=50, workers=8, array_parallelism=4, requeue=True, retries=2, code="auto", cache=False
    )
    def convert(
        item: Annotated[Path, Result(prepare, track="path")],
        grid: Annotated[Grid, Param(namespace="local")] = Grid("r2"),
    ) -> dict[str, Literal[1, "a"]]: ...

    @flow.job(after=[prepare])
    def merge(all_: Annotated[list[dict[str, Literal[1, "a"]]], Result(steps=["convert"])]) -> None: ...

    top = Flow("top")
    top.include(flow, prefix="p", params={"names": ("x",)})
    top.include(flow, prefix="q")
    return top


def test_a_manifest_survives_json_exactly():
    graph = build(everything(), hashes=True)

    back = from_manifest(json.loads(json.dumps(to_manifest(graph))))

    assert back == graph
    assert list(back.tasks) == list(graph.tasks)
    assert list(back.parameters) == list(graph.parameters)
    assert type(back.tasks["p_merge"].inputs[0].sources[0]) is type(
        graph.tasks["p_merge"].inputs[0].sources[0]
    )
    assert to_manifest(back) == to_manifest(graph)


def test_a_manifest_is_read_without_the_flow():
    code = (
        "import json, sys; from reflow.graph.manifest import from_manifest\n"
        "graph = from_manifest(json.load(sys.stdin))\n"
        "print(list(graph.tasks), graph.upstream('p_merge'), 'test_manifest' in sys.modules)"
    )
    text = json.dumps(to_manifest(build(everything())))

    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        input=text,
        env={"PYTHONPATH": str(Path(reflow.__file__).parents[1])},
        capture_output=True,
        text=True,
    )

    assert ran.stdout == (
        "['p_prepare', 'p_convert', 'p_merge', 'q_prepare', 'q_convert', 'q_merge'] "
        "('p_convert', 'p_prepare') False\n"
    )


def test_what_a_later_reflow_adds_is_left_aside():
    graph = build(everything())
    manifest = to_manifest(graph)
    manifest["extra"] = 1
    for item in (*manifest["tasks"], *manifest["parameters"], manifest["tasks"][0]["resources"]):
        item["extra"] = 1

    assert from_manifest(manifest) == graph


def test_what_an_earlier_reflow_left_out_has_its_default():
    graph = build(everything())
    manifest = to_manifest(graph)
    for item in manifest["tasks"]:
        del item["code_hash"], item["pack"], item["resources"]["gpus"]

    assert from_manifest(manifest).tasks["p_prepare"] == graph.tasks["p_prepare"]


@pytest.mark.parametrize("manifest", [{}, {"manifest": 2}])
def test_a_manifest_of_another_form_says_so(manifest):
    with pytest.raises(OutOfReach, match="use the reflow that wrote it"):
        from_manifest(manifest)
