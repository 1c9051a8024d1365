"""One parameter for each name that the command line keeps to itself; the task returns what it was given."""

from __future__ import annotations

from typing import Annotated

from reflow import Param, Workflow

wf = Workflow("reserved")


@wf.job
def echo(
    run_dir: str,
    executor: str,
    store: str,
    profile: str,
    force: bool,
    force_tasks: list[str],
    verify: bool,
    dry_run: bool,
    wait: bool,
    params: dict[str, int],
    help: Annotated[str, Param(help="100% sure, %s %(prog)s %d %%")],  # noqa: A002
    json: str,
    quiet: bool,
    verbose: bool,
    detach: bool,
    workers: int,
    run: str,
    since: str,
    task: str,
    status: str,
    index: int,
    run_id: str,
    no_color: bool,
    self: str,
    name: str,
    argv: Annotated[str, Param(help="50%")],
    plain: int = 1,
) -> list[str]:
    return [f"{key}={value!r}" for key, value in sorted(locals().items())]


@wf.job
def local(task: Annotated[int, Param(namespace="local", help="local 5%")] = 3) -> int:
    return task
