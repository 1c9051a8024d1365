"""What a task asks for becomes options of sbatch, or an error that says what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.plugin import Resources
from reflow_slurm.options import option_problems, resource_options, time_text


def test_what_is_left_open_is_left_to_the_site():
    assert resource_options(Resources()) == ["--nodes=1", "--ntasks=1", "--cpus-per-task=1", "--no-requeue"]


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        ({"cpus": 4}, "--cpus-per-task=4"),
        ({"mem_mib": 4096}, "--mem=4096M"),
        ({"mem_mib": 0}, "--mem=0M"),
        ({"time_s": 90}, "--time=0-00:01:30"),
        ({"time_s": 129600}, "--time=1-12:00:00"),
        ({"gpus": 2}, "--gres=gpu:2"),
        ({"gpus": 8, "nodes": 2}, "--gpus=8"),
        ({"nodes": 2}, "--nodes=2"),
        ({"ntasks": 8}, "--ntasks=8"),
        ({"partition": "compute,debug"}, "--partition=compute,debug"),
        ({"account": "bm1234"}, "--account=bm1234"),
        ({"qos": "high"}, "--qos=high"),
        ({"requeue": True}, "--requeue"),
        ({"submit_options": ("--constraint=[a|b]*1",)}, "--constraint=[a|b]*1"),
    ],
)
def test_each_wish_is_an_option(asked, option):
    assert not option_problems(Resources(**asked))
    assert option in resource_options(Resources(**asked))


def test_requeue_is_said_once():
    assert "--no-requeue" not in resource_options(Resources(requeue=True))


@given(st.integers(1, 10**8))
def test_time_can_be_read_in_one_way(seconds):
    days, _, clock = time_text(seconds).partition("-")
    hours, minutes, left = map(int, clock.split(":"))

    assert ((int(days) * 24 + hours) * 60 + minutes) * 60 + left == seconds


@pytest.mark.parametrize(
    "option",
    [
        *("--quiet", "--wait", "--test-only", "--parsable", "--job-name=x", "--comment=x", "--output=x"),
        *("--error=x", "--chdir=/", "--array=0-5", "--dependency=singleton", "--export=NONE", "--wrap=x"),
        *("--export-file=x", "--get-user-env", "--clusters=x", "--begin=now", "--open-mode=truncate"),
        *("--mem=4G", "--time=1", "--partition=x", "--requeue", "--no-requeue", "--ntasks=2"),
        *("--qui", "--arr=1", "--dep=x", "--pars", "--export-f=x", "--test"),
        *("-Q", "-W", "-J x", "-pdebug", "skylake", "script.sh", "", "--", "--constraint skylake"),
        *("--constraint=a\nb", "--constraint=a\0b", "--Constraint=a"),
    ],
)
def test_options_that_are_not_passed_on(option):
    (problem,) = option_problems(Resources(submit_options=(option,)))

    assert "submit_options" in problem


@pytest.mark.parametrize(
    "option",
    [
        *("--constraint=skylake", "--exclusive", "--reservation=course", "--mem-per-cpu=2G", "--nice=100"),
        *(
            "--exclude=n[1-4]",
            "--licenses=matlab:1",
            "--wait-all-nodes=1",
            "--mail-type=END",
            "--signal=TERM@60",
        ),
        "--constraint=$(touch pwned)",
    ],
)
def test_options_that_are_passed_on(option):
    assert option_problems(Resources(submit_options=(option,))) == []


@pytest.mark.parametrize("value", ["", "a b", "x\n#SBATCH --qos=y", "--wrap", "-x", "a;b", "$(x)", "a'b"])
@pytest.mark.parametrize("name", ["partition", "account", "qos"])
def test_names_that_are_none(name, value):
    (problem,) = option_problems(Resources(**{name: value}))

    assert name in problem
