"""The executor that a user calls ``slurm``; in this version it takes no requests."""

from __future__ import annotations

from collections.abc import Collection

from reflow.plugin import ElementReport, Executor, JobRequest, NotSubmitted

_REASON = "this version of reflow-slurm cannot submit to Slurm yet"


class SlurmExecutor(Executor):
    """Says that it is not available, and refuses every request."""

    name = "slurm"

    def available(self) -> str | None:
        return _REASON

    def submit(self, request: JobRequest) -> str:
        raise NotSubmitted(f"{_REASON}; type: --executor local")

    def find(self, tokens: Collection[str]) -> dict[str, str]:
        return {}

    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        return {}

    def cancel(self, native_ids: Collection[str]) -> None:
        """Nothing was ever queued."""
