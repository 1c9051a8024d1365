"""Whatever happens to a run on a scheduler, nothing is lost, nothing is done twice, and it ends."""

from __future__ import annotations

import os

import pytest
from engine_machine import EngineMachine
from hypothesis import HealthCheck, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

TestEngine = EngineMachine.TestCase
TestEngine.settings = settings(
    max_examples=int(os.environ.get("REFLOW_ENGINE_EXAMPLES", "200")),
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
