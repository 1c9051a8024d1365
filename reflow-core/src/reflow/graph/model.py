"""A checked workflow as plain values: what the command line and the coordinator need, and no annotation."""

from __future__ import annotations

from typing import Any

from reflow.model.named_tuple import NamedTuple
from reflow.model.resources import Resources

Tagged = Any  #: a value as tagged JSON
Grammar = Any  #: a type as JSON, in words of `reflow.values.grammar`


class Source(NamedTuple):
    """One task that an input takes values from.

    Attributes:
        part: ``value`` (a job's whole value is one element), ``items`` (the items of a job's list), ``elements``
            (an array's values in the order of their index) or ``flat`` (an array's lists, put one after the other).
    """

    task: str
    part: str


class Input(NamedTuple):
    """One parameter of a task's function, and where its value comes from.

    Attributes:
        kind: ``parameter``, ``bound``, ``run_dir`` or ``result``.
        parameter: The key of a ``parameter``.
        value: The tagged value of a ``bound`` one.
        mode: How a ``result`` is wired: ``direct``, ``fan-out``, ``broadcast``, ``gather``, ``gather-flatten``,
            ``chain`` or ``flatten-fan-out``; empty for the others.
        deliver: ``value``: the source's whole value; ``list``: all elements of all sources, as one list;
            ``each``: instance i is given element i of all sources.
        type: What the function wants, in words of `reflow.values.grammar`.
        track: How a Path in it is told from what it was, or None for the default.
    """

    name: str
    kind: str
    type: Grammar
    parameter: str | None = None
    value: Tagged = None
    mode: str = ""
    deliver: str = "value"
    sources: tuple[Source, ...] = ()
    track: str | None = None


class Parameter(NamedTuple):
    """What a user gives a value for.

    Attributes:
        key: Its name; ``<task>_<name>`` for one of the local namespace.
        flag: Its own flag, such as ``--start``. ``--param-<key>`` always works too.
        default: The tagged value that it has when it is not required.
        choices: Tagged values, or None.
        local: Whether it belongs to ``task`` alone.
        tasks: The tasks that take it.
    """

    key: str
    name: str
    flag: str
    type: Grammar
    required: bool = True
    default: Tagged = None
    help: str = ""
    short: str | None = None
    choices: tuple[Tagged, ...] | None = None
    metavar: str | None = None
    secret: bool = False
    track: str | None = None
    local: bool = False
    task: str | None = None
    tasks: tuple[str, ...] = ()


class Node(NamedTuple):
    """One task of a checked workflow.

    Attributes:
        key: Defining flow and unprefixed task name.
        code: What changed code does to reuse: ``auto``, ``version``; ``warn`` or empty for a warning.
        track: How Paths in its output are told from what they were; empty for the default.
        verify: ``callable``, a verifier's name, or empty for what its type says.
        source: Hash of the function's own normalised source, in hex; empty where it was not asked for or is unknown.
        code_hash: The same of all project code that it reaches.
    """

    name: str
    key: str
    array: bool
    returns: Grammar
    inputs: tuple[Input, ...] = ()
    after: tuple[str, ...] = ()
    doc: str = ""
    version: str = "1"
    cache: bool = True
    code: str = ""
    retries: int = 0
    resources: Resources = Resources()
    pack: int = 1
    workers: int = 1
    track: str = ""
    verify: str = ""
    file: str = ""
    line: int = 0
    source: str = ""
    code_hash: str = ""

    @property
    def lacks_source(self) -> bool:
        """Whether its code is a part of its identity, and is not to be found."""
        return self.code == "auto" and not self.code_hash


class Graph(NamedTuple):
    """A checked workflow.

    Attributes:
        tasks: In topological order; ties in the order of registration.
    """

    workflow: str
    parameters: dict[str, Parameter]
    tasks: dict[str, Node]

    def upstream(self, task: str) -> tuple[str, ...]:
        """Return the tasks that must have ended before this one, each once."""
        return upstream_of(self.tasks[task])


class Given(NamedTuple):
    """What a user gave: tagged values by the key of the parameter, those of secret ones apart."""

    parameters: dict[str, Tagged]
    secrets: dict[str, Tagged]


def upstream_of(node: Node) -> tuple[str, ...]:
    """Return the tasks that a task takes from or comes after, each once."""
    sources = [source.task for given in node.inputs for source in given.sources]
    return tuple(dict.fromkeys([*sources, *node.after]))
