"""``python -m reflow``: the command ``reflow``."""

from __future__ import annotations

import sys

from reflow.cli.main import reflow_main

if __name__ == "__main__":
    sys.exit(reflow_main())
