"""The flow and the machine are modules of their own, imported by name as a worker would."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
