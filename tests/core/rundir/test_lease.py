"""Whoever holds the lease of a run says from where, so that others can find out whether it still lives."""

from __future__ import annotations

import pytest

from reflow.rundir.lease import job_id


@pytest.mark.parametrize(("cluster", "name"), [("", "812"), ("north", "812@north")])
def test_a_job_is_named_with_its_cluster_since_each_counts_its_own(monkeypatch, cluster, name):
    monkeypatch.setenv("SLURM_JOB_ID", "812")
    monkeypatch.setenv("SLURM_CLUSTER_NAME", cluster)

    assert job_id() == name
