"""What the executor is asked for, from what one instance needs and how many share an element."""

from __future__ import annotations

import pytest

from reflow.contracts.executor import Executor
from reflow.graph.model import Node
from reflow.model.resources import Resources
from reflow.run.capacity import packed
from reflow.run.job_request import Asked, Frame, task_request

FRAME = Frame("flow", "/usr/bin/python3", "/run/.reflow/r", "/cwd", {"partition": "compute"})


def node(pack=1, workers=1, **asked):
    resources = Resources(**asked)
    return Node(
        name="task",
        key="flow.task",
        array=True,
        returns="int",
        pack=pack,
        workers=workers,
        resources=resources,
    )


def request(task, instances, pack=None):
    pack = pack or task.pack
    return task_request(FRAME, task, Asked("a" * 20, instances, -(-instances // pack), pack))


class Partitions(Executor):
    """An executor that knows two partitions."""

    name = "partitions"

    def longest_s(self, partition):
        return {"debug": 600, None: 3600}.get(partition)

    submit = find = poll = cancel = None


@pytest.mark.parametrize(
    ("pack", "workers", "instances", "expected"),
    [
        (1, 1, 5, (2, 100, 600)),
        (50, 1, 200, (2, 100, 50 * 600)),
        (50, 8, 200, (16, 800, 7 * 600)),
        (50, 8, 3, (6, 300, 600)),
        (4, 8, 200, (8, 400, 600)),
    ],
)
def test_an_element_asks_for_all_that_its_instances_take_at_once_and_in_turn(
    pack, workers, instances, expected
):
    task = node(pack, workers, cpus=2, mem_mib=100, time_s=600)

    found = request(task, instances).resources
    assert (found.cpus, found.mem_mib, found.time_s) == expected


def test_what_the_code_leaves_open_is_as_configured():
    assert request(node(), 1).resources.partition == "compute"
    assert request(node(partition="debug"), 1).resources.partition == "debug"


@pytest.mark.parametrize(("time_s", "warn_s"), [(None, 60), (60, 0), (299, 0), (300, 60), (86400, 60)])
def test_a_task_is_warned_of_its_time_limit_unless_that_is_short(time_s, warn_s):
    assert request(node(time_s=time_s), 1).warn_s == warn_s


def test_only_what_shares_an_element_has_workers_of_its_own():
    assert "shared_element" in request(node(pack=4, workers=2), 8).argv
    assert "element" in request(node(pack=4), 8).argv
    assert "element" in request(node(pack=4, workers=2), 8, pack=1).argv


@pytest.mark.parametrize(
    ("asked", "pack", "workers", "expected"),
    [
        ({"time_s": 60, "partition": "debug"}, 50, 1, 10),
        ({"time_s": 60, "partition": "debug"}, 50, 4, 40),
        ({"time_s": 60, "partition": "debug"}, 5, 1, 5),
        ({"time_s": 900, "partition": "debug"}, 50, 1, 1),
        ({"time_s": 60}, 100, 1, 60),
        ({"time_s": 60, "partition": "endless"}, 50, 1, 50),
        ({"partition": "debug"}, 50, 1, 50),
    ],
)
def test_a_pack_shrinks_to_what_its_partition_gives_time_for(asked, pack, workers, expected):
    assert packed(node(pack, workers, **asked), Partitions(), {}) == expected
