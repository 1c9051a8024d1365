"""How a worker finds a workflow: by the module and the name that it has there, or as a pickle where it has none."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from reflow.define.flow import Flow
from reflow.errors import DefinitionError, UsageError
from reflow.values.names import main_name


def locate(workflow: Flow, module: str) -> dict[str, Any]:
    """Return ``{"module", "attribute"}`` of a workflow, or ``{"pickle"}``.

    Args:
        module: The name of the module that made it; where it is not there, all others are looked at.

    Raises:
        DefinitionError: It must travel as a pickle, and a task of it takes along what cannot.
        UsageError: It must travel as a pickle, and cloudpickle is not installed; or Python has another module of the
            name of its file.
    """
    for name in (module, *list(sys.modules)):
        found = sys.modules.get(name)
        attribute = next((key for key, value in _globals(found) if value is workflow), None)
        if attribute is None or getattr(found, "__file__", None) is None:
            continue
        real = main_name() if name == "__main__" else name
        if real != "__main__":
            _check_alone(found, real)
            return {"module": real, "attribute": attribute}
    return {"pickle": _pickled(workflow)}


def _check_alone(module: Any, name: str) -> None:
    """Refuse a script named like a module that is loaded from elsewhere: workers would be given that one."""
    other = sys.modules.get(name, module)
    file = os.path.abspath(module.__file__)
    if other is not module and os.path.abspath(getattr(other, "__file__", None) or "") != file:
        raise UsageError(
            f"{file} has the name of another module {name!r}, which workers would be given in its place\n"
            "give the file another name"
        )


def _globals(module: Any) -> list[tuple[str, Any]]:
    return list(getattr(module, "__dict__", {}).items())


def _pickled(workflow: Flow) -> bytes:
    from types import SimpleNamespace

    try:
        import cloudpickle
    except ImportError as error:
        raise UsageError(
            f"workflow {workflow.name!r} is no global of a module, so its functions travel by cloudpickle, "
            "which is not installed; try: pip install 'reflow-core[notebook]'"
        ) from error
    try:
        pickled: bytes = cloudpickle.dumps(SimpleNamespace(tasks=dict(workflow.tasks)))
    except Exception as error:
        raise DefinitionError(
            f"{_that_cannot_travel(workflow, cloudpickle.dumps)} cannot be taken to a worker: {error}\n"
            "make what it needs of that kind, such as a lock or an open file, inside the task"
        ) from error
    return pickled


def _that_cannot_travel(workflow: Flow, dumps: Callable[[object], bytes]) -> str:
    for name, spec in workflow.tasks.items():
        if _travels(spec, dumps):
            continue
        used = spec.function.__globals__
        named = [
            key for key in spec.function.__code__.co_names if key in used and not _travels(used[key], dumps)
        ]
        return f"the global {named[0]!r} of task {name!r}" if named else f"task {name!r}"
    return f"workflow {workflow.name!r}"


def _travels(what: object, dumps: Callable[[object], bytes]) -> bool:
    try:
        dumps(what)
    except Exception:  # whatever the value's own __reduce__ raises
        return False
    return True
