"""A workflow with a parameter of each kind, and its command line."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Optional

import pytest

from reflow import Param, Result, RunDir, Workflow
from reflow.cli.main import main
from reflow.cli.parameters import typed_values
from reflow.cli.submit import parser_of
from reflow.graph.model import Given


class Colour(enum.Enum):
    """Something to choose by name."""

    RED = 1
    BLUE = 2


def make_workflow() -> Workflow:
    """Return a workflow of three tasks."""
    wf = Workflow("demo")

    @wf.job()
    def prepare(
        start: Annotated[str, Param(help="Start date, 100%s sure %(prog)s", short="-s")],
        model: Annotated[Literal["era5", "icon"], Param(help="Model")] = "era5",
        deep: bool = True,
        levels: Optional[list[int]] = None,
        ratio: float = 0.5,
        colour: Colour = Colour.RED,
        where: Optional[Path] = None,
        color: bool = False,
        chunk: Annotated[int, Param(help="Chunk", namespace="local", choices=[128, 256])] = 256,
        run_dir: RunDir = RunDir(),
    ) -> list[str]:
        return [start]

    @wf.array_job()
    def convert(name: Annotated[str, Result(step="prepare")], bucket: str = "b") -> str:
        return name

    @wf.job()
    def finalize(names: Annotated[list[str], Result(step="convert")]) -> str:
        return "done"

    return wf


@pytest.fixture
def workflow() -> Workflow:
    return make_workflow()


@pytest.fixture
def reserved() -> Workflow:
    """A workflow whose parameters are called like options of reflow."""
    wf = Workflow("reserved")

    @wf.job()
    def only(
        task: str,
        index: int,
        since: str,
        status: str,
        force: bool,
        run_id: str,
        help: str,  # noqa: A002  (one of reflow's own options)
        params: str,
    ) -> str:
        return task

    return wf


@pytest.fixture
def secretive() -> Workflow:
    wf = Workflow("secretive")

    @wf.job()
    def only(
        token: Annotated[int, Param(secret=True)], spare: Annotated[Optional[str], Param(secret=True)]
    ) -> str:
        return "x"

    return wf


@pytest.fixture
def typed() -> Callable[..., Given]:
    """Return what words after ``submit`` mean."""

    def typed(
        workflow: Workflow,
        *words: str,
        environ: dict[str, str] | None = None,
        ask: Callable[[str], str] | None = None,
    ) -> Given:
        graph = workflow.graph()
        options = parser_of(graph, "flow.py submit").parse_args(words)
        return typed_values(graph, options, "flow.py submit", environ or {}, ask)

    return typed


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Carry out a command of a workflow's script; return exit code, stdout and stderr."""

    def command(workflow: Workflow, *words: str) -> tuple[int, str, str]:
        code = main(workflow, words, "python flow.py")
        said = capsys.readouterr()
        return code, said.out, said.err

    return command
