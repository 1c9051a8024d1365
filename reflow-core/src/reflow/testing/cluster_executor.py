"""The executor of the cluster in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from reflow.contracts.executor import ElementReport, Executor, JobRequest, Limits
from reflow.testing.cluster import Cluster


class ClusterExecutor(Executor):
    """The executor of a `Cluster`."""

    name: ClassVar[str] = "cluster"

    def __init__(self, cluster: Cluster, options: Mapping[str, object] | None = None) -> None:
        super().__init__(options)
        self.cluster = cluster

    def limits(self) -> Limits:
        """Return the cluster's limits."""
        return self.cluster.limits

    def submit(self, request: JobRequest) -> str:
        """Queue a request."""
        return self.cluster.submit(request)

    def find(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the native ids of tokens."""
        return self.cluster.find(tokens)

    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        """Return how elements stand."""
        return self.cluster.poll(native_ids)

    def is_over(self, job: str) -> bool:
        """Return whether a job has ended."""
        return self.cluster.is_over(job)

    def cancel(self, native_ids: Collection[str]) -> None:
        """End requests."""
        self.cluster.cancel(native_ids)

    def cancel_elements(self, native_id: str, elements: Collection[int]) -> None:
        """End single elements of a request."""
        self.cluster.cancel([native_id], elements)
