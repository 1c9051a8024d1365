"""The limits of a cluster and of a user, from what scontrol says about them."""

from __future__ import annotations

import pytest

from reflow_slurm.limits import enforces_limits, read_limits, read_longest

CONFIG = {"MaxArraySize": "1001", "MaxJobCount": "10000", "SchedulerParameters": "bf_interval=2"}

ASSOCIATIONS = """\
Association Records

ClusterName=test Account=root UserName= Partition= Priority=0 ID=1
    GrpSubmitJobs=N(0) GrpWall=N(0.00)
    MaxJobs= MaxJobsAccrue= MaxSubmitJobs= MaxWallPJ=
ClusterName=test Account=climate UserName= Partition= Priority=0 ID=3
    GrpSubmitJobs=5000(13) GrpWall=N(0.00)
ClusterName=test Account=climate UserName=me(1000) Partition= Priority=0 ID=4
    ParentAccount= Lft=2 DefAssoc=Yes
    GrpSubmitJobs=N(13) GrpWall=N(0.00)
    MaxJobs= MaxJobsAccrue= MaxSubmitJobs=100(13) MaxWallPJ=
ClusterName=test Account=small UserName=me(1000) Partition= Priority=0 ID=5
    ParentAccount= Lft=2 DefAssoc=No
    MaxJobs= MaxJobsAccrue= MaxSubmitJobs=3(0) MaxWallPJ=
Current Association Manager state

QOS Records

QOS=normal(1)
    GrpJobs=N(0) GrpJobsAccrue=N(0) GrpSubmitJobs=N(13) GrpWall=N(0.00)
    User Limits
      1000
        MaxJobsPU=N(0) MaxJobsAccruePU=N(0) MaxSubmitJobsPU=400(13)
QOS=short(2)
    User Limits
      1000
        MaxJobsPU=N(0) MaxJobsAccruePU=N(0) MaxSubmitJobsPU=7(0)
"""


def test_size_of_an_array_caps_its_highest_number():
    assert read_limits(CONFIG, "", None, None).elements_per_request == 1001


def test_fewer_elements_where_the_scheduler_says_so():
    config = {**CONFIG, "SchedulerParameters": "defer,max_array_tasks=400"}

    assert read_limits(config, "", None, None).elements_per_request == 400


@pytest.mark.parametrize(
    ("account", "qos", "expected"),
    [(None, None, 100), ("climate", None, 100), ("small", None, 3), (None, "short", 7), ("root", None, 400)],
)
def test_least_limit_that_concerns_the_user_counts(account, qos, expected):
    limits = read_limits(CONFIG, ASSOCIATIONS, account, qos)

    assert limits.elements_in_all == expected
    assert limits.elements_per_request == expected


PARTITIONS = """\
PartitionName=compute AllowGroups=ALL AllocNodes=ALL Default=YES QoS=N/A DefaultTime=NONE MaxTime=2-12:00:00 MinNodes=0
PartitionName=debug AllowGroups=ALL AllocNodes=ALL Default=NO QoS=N/A DefaultTime=NONE MaxTime=00:10:00 MinNodes=0
PartitionName=long AllowGroups=ALL AllocNodes=ALL Default=NO QoS=N/A DefaultTime=NONE MaxTime=UNLIMITED MinNodes=0
"""


def test_time_is_limited_by_the_partition_and_the_default_one_has_no_name():
    assert read_longest(PARTITIONS) == {"compute": 216_000, "": 216_000, "debug": 600}


def test_what_is_not_told_is_no_limit():
    assert read_limits({}, "", None, None) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", False),
        ("associations", False),
        ("associations,limits", True),
        ("associations,limits,qos,safe", True),
    ],
)
def test_limits_count_only_where_they_are_enforced(text, expected):
    assert enforces_limits({"AccountingStorageEnforce": text}) is expected
