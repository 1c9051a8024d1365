"""What the executor is asked for, for the instances of a task: the same for a run and for a dry run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflow.contracts.executor import JobRequest
from reflow.graph.model import Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.resources import Resources
from reflow.rundir.boot import boot_argv, serve_argv
from reflow.rundir.layout import RunPaths

WARN_S = 60  #: how long before its time limit a task is told; Slurm may be a minute early (sbatch(1), ``--signal``)
_WORTH_WARNING_S = 300  #: in less time a warning would come at the start


class Frame(NamedTuple):
    """What all requests of a run have in common.

    Attributes:
        root: The run's own directory.
        defaults: Resources for what the code of a task leaves open, as configured when the run was submitted.
    """

    workflow: str
    python: str
    root: str
    cwd: str
    defaults: Mapping[str, Any]


class Asked(NamedTuple):
    """What a submission asks for beyond what its task says."""

    token: str
    instances: int
    elements: int
    pack: int
    predecessors: Sequence[str] = ()
    elements_ahead: Sequence[tuple[str, int]] = ()
    begin_s: int = 0
    exclude: Sequence[str] = ()


def task_request(frame: Frame, node: Node, asked: Asked) -> JobRequest:
    """Return the request for instances of a task."""
    resources = element_resources(node, asked, frame.defaults)
    short = resources.time_s is not None and resources.time_s < _WORTH_WARNING_S
    return JobRequest(
        name=f"{frame.workflow}.{node.name}.{asked.token[:10]}",
        argv=[*boot_argv(frame.python, frame.root, _command(node, asked)), asked.token],
        serve_argv=serve_argv(frame.python, frame.root),
        count=asked.elements,
        instances=asked.instances,
        resources=resources,
        log_dir=RunPaths(frame.root).logs,
        token=asked.token,
        directory=f"{RunPaths(frame.root).jobs}/{asked.token}",
        cwd=frame.cwd,
        predecessors=asked.predecessors,
        elements_ahead=asked.elements_ahead,
        begin_s=asked.begin_s,
        warn_s=0 if short else WARN_S,
        exclude=asked.exclude,
    )


def _command(node: Node, asked: Asked) -> str:
    return "shared_element" if min(node.workers, asked.pack) > 1 else "element"


def element_resources(node: Node, asked: Asked, defaults: Mapping[str, Any]) -> Resources:
    """Return what each element asks for: what its instances need that it works on at once, and in turn."""
    found = node.resources
    found = found._replace(**{k: v for k, v in defaults.items() if getattr(found, k) is None})
    share = max(1, min(asked.pack, asked.instances))
    at_once = min(share, max(1, node.workers))
    return found._replace(
        cpus=found.cpus * at_once,
        gpus=found.gpus * at_once,
        mem_mib=None if found.mem_mib is None else found.mem_mib * at_once,
        time_s=None if found.time_s is None else found.time_s * -(-share // at_once),
    )
