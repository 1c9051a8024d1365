"""Whatever happens between submits, nothing is reused that does not hold, and nothing runs again without need."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from cache_flow import Task, flows
from cache_oracle import Unpredictable
from cache_steps import sequences
from cache_world import World, figures
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from reflow.filesystem.mounts import Mount

EXAMPLES = int(os.environ.get("REFLOW_CACHE_EXAMPLES", "500"))


@pytest.fixture
def at_once(monkeypatch):
    """Nobody waits for a network disk to show what is there."""
    monkeypatch.setattr(Mount, "latency_s", 0.0)


@pytest.fixture(scope="module", autouse=True)
def told_figures(request):
    """Say what a longer run by hand came to."""
    yield
    if "REFLOW_CACHE_EXAMPLES" in os.environ:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print("\n" + ", ".join(f"{count} {what}" for what, count in figures.items()))


@pytest.mark.slow
@pytest.mark.timeout(0)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(story=flows().flatmap(lambda tasks: st.tuples(st.just(tasks), sequences(tasks))))
def test_what_runs_and_what_is_reused_is_what_the_oracle_says(story, at_once):
    check(*story)


def check(tasks: tuple[Task, ...], steps: list) -> None:
    """Check a flow against the oracle, step by step."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="reflow-cache-", dir=memory) as place:
        world = World(Path(place), tasks)
        figures["sequences"] += 1
        try:
            for number, step in enumerate(steps):
                note(f"step {number}: {step}")
                step.do(world)
        except Unpredictable:
            figures["sequences that ended early"] += 1
        finally:
            world.close()
