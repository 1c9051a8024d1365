"""Statuses as `reflow.run.status` makes them, small enough to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def task() -> Callable[..., dict[str, Any]]:
    return _task


@pytest.fixture
def failure() -> Callable[..., dict[str, Any]]:
    return _failure


@pytest.fixture
def status() -> Callable[..., dict[str, Any]]:
    return _status


def _task(
    state: str, total: int | None = 1, waits_for: tuple[str, ...] = (), **counts: int
) -> dict[str, Any]:
    return {
        "state": state,
        "total": total,
        "counts": counts,
        "array": (total or 2) != 1,
        "waits_for": list(waits_for),
        "reason": None,
    }


def _failure(index: int | None, error: str | None, name: str = "convert") -> dict[str, Any]:
    return {"task": name, "index": index, "attempt": 1, "error": error, "log": f"/r/logs/{name}.log"}


def _status(state: str = "running", **fields: Any) -> dict[str, Any]:
    return {
        "run_id": "demo-20261118-3f9a2c1b",
        "workflow": "demo",
        "state": state,
        "created_at": "2026-11-18T14:02:11Z",
        "ended_at": None,
        "run_dir": "/scratch/demo",
        "executor": "local",
        "parameters": {"start": "'2025-01-01'"},
        "tasks": {
            "prepare": _task("reused", reused=1),
            "convert": _task("running", 100, succeeded=60, reused=20, running=13, submitted=5, failed=2),
            "finalize": _task("waiting", None, ("convert",)),
        },
        "failed": [_failure(7, "FileNotFoundError: b.nc"), _failure(42, "FileNotFoundError: b.nc")],
        "driver": {"alive": True, "holder": "process 1 on here"},
        "messages": [],
        **fields,
    }
