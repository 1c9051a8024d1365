"""The arguments of a decorator."""

from __future__ import annotations

import pytest

from reflow import Flow
from reflow.define.settings import read_settings
from reflow.errors import DefinitionError


def task(**arguments):
    flow = Flow("f")

    @flow.job(**arguments)
    def t() -> int: ...

    return flow.tasks["t"].settings


def test_resources_are_read_as_slurm_spells_them():
    asked = task(cpus=4, mem="4G", time="1-12", gpus=1, nodes=2, ntasks=3, account="a", qos="q").resources

    assert (asked.cpus, asked.mem_mib, asked.time_s) == (4, 4096, 129600)
    assert (asked.gpus, asked.nodes, asked.ntasks, asked.account, asked.qos) == (1, 2, 3, "a", "q")


def test_queue_is_another_word_for_partition():
    assert task(queue="compute") == task(partition="compute")


def test_a_version_may_be_a_number():
    assert task(version=2).version == "2"


def test_what_was_written_down_is_remembered():
    assert task(cpus=1, queue="q").given == {"cpus", "partition"}


def test_options_of_the_scheduler_may_be_a_list_or_a_mapping():
    listed = task(submit_options=["--constraint=gpu", "--exclusive", "-C", "-xnode1"])
    mapped = task(submit_options={"constraint": "gpu", "exclusive": True})

    assert listed.resources.submit_options == ("--constraint=gpu", "--exclusive", "-C", "-xnode1")
    assert mapped.resources.submit_options == ("--constraint=gpu", "--exclusive")


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("cpu", "cpus"),
        ("memory", "mem"),
        ("retry", "retries"),
        ("aray", "array"),
        ("submit_option", "submit_options"),
    ],
)
def test_an_unknown_argument_names_the_one_that_was_meant(argument, meant):
    with pytest.raises(DefinitionError, match=rf"no argument '{argument}'; did you mean '{meant}'\?"):
        task(**{argument: 1})


def test_an_unknown_argument_like_no_other_lists_what_there_is():
    with pytest.raises(DefinitionError, match=r"it takes .*cpus.*workers"):
        task(zzz=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cpus": 0}, "cpus=0"),
        ({"cpus": True}, "cpus=True"),
        ({"cpus": "4"}, "cpus='4'"),
        ({"mem": "4GiB"}, "no amount of memory"),
        ({"time": "soon"}, "no time limit"),
        ({"retries": -1}, "at least 0"),
        ({"cache": 1}, "True or False"),
        ({"code": "strict"}, "'warn', 'auto', 'version'"),
        ({"verify": 3}, "name of a verifier"),
        ({"verify": "checksum", "track": "stat"}, 'write track="content"'),
        ({"track": "all"}, "it is one of"),
        ({"account": "a\nb"}, "printable"),
        ({"version": ""}, "printable"),
        ({"partition": "a", "queue": "b"}, "keep one"),
        ({"after": []}, "at least one"),
        ({"after": [3]}, "names no task"),
        ({"submit_options": "--exclusive"}, "list of options"),
        ({"submit_options": ["exclusive"]}, "has not the form"),
        ({"submit_options": ["--comment=a\nb"]}, "has not the form"),
        ({"submit_options": {"exclusive": False}}, "leave it out"),
        ({"array_parallelism": 4}, "for array tasks"),
        ({"pack": 4}, "for array tasks"),
        ({"array": 1}, "True or False"),
        ({"name": "a/b"}, "no name for a task"),
        ({"name": "a" * 65}, "65 characters"),
        ({"name": 3}, "name"),
    ],
)
def test_a_wrong_value_is_refused_where_the_task_is_defined(arguments, words):
    with pytest.raises(DefinitionError, match=words):
        task(**arguments)


def test_arguments_of_arrays_are_taken_by_arrays():
    settings = read_settings({"pack": 50, "workers": 8, "array_parallelism": 4}, array=True)

    assert (settings.pack, settings.workers, settings.resources.array_parallelism) == (50, 8, 4)
