"""The run that a worker works for: its files, its flow, its secrets."""

from __future__ import annotations

import os
import sys
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from reflow.errors import DefinitionError
from reflow.filesystem.files import read_bytes
from reflow.rundir.layout import RunPaths
from reflow.rundir.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reflow.contracts.adapter import Adapter
    from reflow.define.flow import Flow
    from reflow.values.shapes import Adapters

#: what is loaded once processes are started that import modules by themselves; those of multiprocessing have the copy
_STARTERS = frozenset({"joblib.externals.loky.backend.popen_loky_posix", "loky.backend.popen_loky_posix"})
FS_LATENCY_S = 2.0  #: how long a file that differs is given to come into view, where the run does not say


class LoadedRun:
    """One run as a worker knows it.

    Attributes:
        flow: The flow that was submitted, imported from the run's own copy of the source.
        adapters: Finds the adapter of a type among the plugins of the run.
    """

    def __init__(
        self, paths: RunPaths, info: Mapping[str, Any], flow: Flow, served: Served | None, doubt: str = ""
    ) -> None:
        self.paths = paths
        self.info = info
        self.flow = flow
        self.adapters: Adapters = _adapters(tuple(info["plugins"]))
        self.fs_latency_s = float(info["options"].get("fs_latency_s", FS_LATENCY_S))
        self._served = served
        self._doubt = doubt
        self._late: tuple[int, dict[str, str]] = (0, {})  # for how many loaded modules that was found out

    @cached_property
    def run_dir(self) -> Path:
        """What tasks get as their `RunDir`."""
        from pathlib import Path

        return Path(self.paths.run_dir)

    @cached_property
    def secrets(self) -> dict[str, Any]:
        """The tagged values of secret parameters, by key."""
        import json

        if not os.path.exists(self.paths.secrets):
            return {}
        found: dict[str, Any] = json.loads(read_bytes(self.paths.secrets))
        return found

    @property
    def flow_file(self) -> str:
        """The file that defines the flow, or the name of what stands for it."""
        name = self.info["entry"].get("module", "-")
        return str(self.info["modules"].get(name, {}).get("file") or name)

    @property
    def foreign_code(self) -> str:
        """Why results are not reusable because of code that the run has no copy of; empty when there is none."""
        if self._doubt:
            return self._doubt
        live = self._loaded_late() if self._served is None else self._served.live
        if not live:
            return _doubt_of_children(self.paths, self.info)
        name, file = next(iter(live.items()))
        return (
            f"module {name!r} was not loaded when the run was submitted; it came from {file} as that is now: "
            "import it at the top of the file that needs it"
        )

    def _loaded_late(self) -> dict[str, str]:
        """Return what was imported since the submit, where modules are those of whoever submitted."""
        from reflow.rundir.source import loaded_since

        if self._late[0] != len(sys.modules):
            self._late = len(sys.modules), loaded_since(self.info["modules"], self.info["plugins"])
        return self._late[1]


@cache
def _adapters(plugins: tuple[str, ...]) -> Adapters:
    """Return what finds the adapter of a type; nothing of the plugins is imported before it is asked."""

    def find(annotation: object) -> Adapter | None:
        from reflow.worker.adapters import find_adapter

        return find_adapter(plugins, annotation)

    return find


def load_run(root: str, info: Mapping[str, Any]) -> LoadedRun:
    """Load a run in a process that was started for it: its modules are served from its own copy.

    Args:
        info: What its own file says, which is trusted.

    Raises:
        BaseException: Whatever importing the flow raises.
    """
    paths = RunPaths(root)
    served = serve(paths, info["modules"], info["plugins"])
    return LoadedRun(paths, info, _flow(paths, info["entry"]), served)


def load_run_here(root: str) -> LoadedRun:
    """Load a run in the process that submitted or retries it: its modules are those that are loaded already.

    Where their files are others than at the submit, or than when they were loaded, nobody knows which of the two is
    called: what is made then counts in this run alone.
    """
    from reflow.rundir.runfile import check_trusted, read_run  # a worker of its own is told what it says

    paths = RunPaths(root)
    check_trusted(paths)
    info = read_run(paths)
    entry = info["entry"]
    flow = _loaded_flow(entry)
    if flow is None:
        return load_run(root, info)
    return LoadedRun(paths, info, flow, None, _doubt(paths, info))


def _doubt(paths: RunPaths, info: Mapping[str, Any]) -> str:
    """Return why the modules that are loaded may not be those that the run was submitted with, else nothing."""
    from reflow.rundir.loaded import outdated
    from reflow.rundir.source import changed_files

    for told in outdated():
        return told
    for file in changed_files(paths, info["modules"]):
        return f"{file} has changed since the run was submitted, and is called here as it is"
    return ""


def _doubt_of_children(paths: RunPaths, info: Mapping[str, Any]) -> str:
    """Return why interpreters that a function started may have had other code, which they load as it is now."""
    if _STARTERS.isdisjoint(sys.modules):
        return ""
    from reflow.rundir.source import changed_files

    for file in changed_files(paths, info["modules"]):
        return f"{file} has changed since the run was submitted, and processes that a task starts load it as it is"
    return ""


def _loaded_flow(entry: dict[str, str]) -> Flow | None:
    from reflow.values.names import main_name

    name = entry.get("module")
    if name is None:
        return None
    main = sys.modules.get("__main__") if main_name() == name else None
    module = main if main is not None else sys.modules.get(name)
    return None if module is None else _attribute(module, entry["attribute"])


def _flow(paths: RunPaths, entry: dict[str, str]) -> Flow:
    if "pickle" in entry:
        import pickle

        flow: Flow = pickle.loads(read_bytes(os.path.join(paths.source, entry["pickle"])))
        return flow
    try:
        os.environ["REFLOW_LOADING"] = entry["module"]  # nothing may submit now: it would go on for ever
        __import__(entry["module"])
        module = sys.modules[entry["module"]]
    except SystemExit as error:
        raise DefinitionError(
            f"module {entry['module']!r} exits when it is imported; "
            'put its last lines under: if __name__ == "__main__":'
        ) from error
    finally:
        del os.environ["REFLOW_LOADING"]
    found = _attribute(module, entry["attribute"])
    if found is None:
        raise DefinitionError(
            f"module {entry['module']!r} has no workflow {entry['attribute']!r} when it is imported by a worker; "
            'make it in the module itself, not under: if __name__ == "__main__":'
        )
    return found


def _attribute(module: object, path: str) -> Flow | None:
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
    return found  # type: ignore[no-any-return]  # a Flow, by run.json
