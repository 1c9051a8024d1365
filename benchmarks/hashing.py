"""Hash the code of a task that goes through fifty modules, in a process of its own; print the milliseconds."""

from __future__ import annotations

import gc
import importlib
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

MODULES = 50

_FLOW = "from .m0 import work0\n\n\ndef task(x: int) -> int:\n    return work0(x)\n"
_MODULE = '''"""One of fifty modules."""
{before}
LIMIT = {number}


def work{number}(x):
    """Add up what is above the limit."""
    total = 0
    for y in range(x):
        if y > LIMIT:
            total += y * scale(y)
    return {call}


def scale(y):
    return y * 2.0


def not_used(x, y=2):
    """Say something about x."""
    values = [z * y for z in range(x)]
    if len(values) > 3:
        raise ValueError(f"too many: {{len(values)}}")
    return sum(values)
'''


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="reflow-bench-") as folder:
        task = _project(Path(folder)).task
        from reflow.graph.code import codes_of

        gc.disable()  # as the command line does
        began = time.perf_counter()
        code = codes_of({"task": task})["task"]
        took_s = time.perf_counter() - began
    assert len(code.parts) == 3 * MODULES + 1, code.parts
    print(1000 * took_s)


def _project(folder: Path) -> ModuleType:
    package = folder / "fifty"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "flow.py").write_text(_FLOW)
    for number in range(MODULES):
        last = number + 1 == MODULES
        before = "" if last else f"\nfrom .m{number + 1} import work{number + 1}\n"
        call = "total" if last else f"work{number + 1}(total)"
        (package / f"m{number}.py").write_text(_MODULE.format(number=number, before=before, call=call))
    sys.path.insert(0, str(folder))
    return importlib.import_module("fifty.flow")


if __name__ == "__main__":
    main()
