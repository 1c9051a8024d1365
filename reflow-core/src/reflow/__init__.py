"""Workflows of decorated Python functions, on a batch cluster.

What flow authors import; plugin authors import `reflow.plugin`. Each name is imported when it is
first used, so that what needs only a part of reflow pays only for that.
"""

from __future__ import annotations

try:
    from typing import TYPE_CHECKING

    from reflow.model import VERSION
except (AttributeError, ImportError) as error:
    from reflow.hidden import end_in_words

    end_in_words(error)
    raise

if TYPE_CHECKING:
    from reflow.define.flow import Flow
    from reflow.define.markers import Param, Result, RunDir
    from reflow.errors import ReflowError, TaskInterrupted
    from reflow.run.handle import Run
    from reflow.workflow import Workflow, open_run

__version__ = VERSION

__all__ = [
    "Flow",
    "Param",
    "ReflowError",
    "Result",
    "Run",
    "RunDir",
    "TaskInterrupted",
    "Workflow",
    "__version__",
    "open_run",
]

_HOMES = {
    "Flow": "reflow.define.flow",
    "Param": "reflow.define.markers",
    "ReflowError": "reflow.errors",
    "Result": "reflow.define.markers",
    "Run": "reflow.run.handle",
    "RunDir": "reflow.define.markers",
    "TaskInterrupted": "reflow.errors",
    "Workflow": "reflow.workflow",
    "open_run": "reflow.workflow",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'reflow' has no attribute {name!r}")
    try:
        found = globals()[name] = getattr(__import__(_HOMES[name], fromlist=[name]), name)
    except (AttributeError, ImportError) as error:
        from reflow.hidden import end_in_words

        end_in_words(error)
        raise
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
