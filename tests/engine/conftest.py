"""The flow and the machine are modules of their own, imported by name as a worker would."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "flows")]  # the latter for flows of any shape

pytest.register_assert_rewrite("cache_world")
