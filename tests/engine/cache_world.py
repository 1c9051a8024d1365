"""A flow with files and a store of its own: what is done to it is done to reflow, and told to the oracle."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import cache_disk
from cache_flow import (
    TRACKS,
    Settings,
    Task,
    call,
    flow_source,
    helpers_source,
    mapped,
    parameter_key,
    paths_of,
)
from cache_oracle import Oracle
from cache_run import KEPT, Run

from reflow import Run as RealRun
from reflow.inline import InlineExecutor
from reflow.run.invalidate import forget, to_forget
from reflow.rundir.control import Scope
from reflow_sqlite import SqliteStore

INPUTS = ("a", "b", "c")  #: the files that are there before anything runs
FLOW, HELPERS = "cached_flow", "cache_helpers"

figures: Counter[str] = Counter()  #: of all worlds


class World:
    """One flow with a store, files and settings of its own, and the oracle that watches it."""

    def __init__(self, folder: Path, tasks: tuple[Task, ...]) -> None:
        self.tasks = tasks
        self.settings = {number: Settings() for number in range(len(tasks))}
        self.given = {
            parameter_key(name, number): _first_value(name)
            for number, task in enumerate(tasks)
            for name in task.parameters
        }
        self.earlier = [dict(self.given)]
        self.oracle = Oracle(tasks)
        self.disk = cache_disk.Disk(folder / "files", tasks, self.oracle.broken)
        self.originals = [{name: (f"{name}0", place.tick()) for name in INPUTS} for place in self.places]
        for place, found in zip(self.places, self.originals, strict=True):
            for name, (text, time) in found.items():
                place.put(name, text, time)
        self._folder = folder
        self._store = SqliteStore(str(folder / "store.db"))
        self._modules: dict[str, ModuleType] = {}
        self._texts: dict[str, str] = {}
        self.run: Run | None = None
        self._real: RealRun | None = None
        self._submitted: tuple[dict[str, ModuleType], dict[str, str]] = {}, {}

    @property
    def places(self) -> tuple[Any, Any]:
        return self.oracle.files, self.disk

    def submit(self, force: bool, force_tasks: tuple[int, ...], verify: bool) -> None:
        self._load()
        self.earlier.append(dict(self.given))
        forced = {*range(len(self.tasks))} if force else {*force_tasks}
        with self._watched():
            self._real = self._modules[FLOW].wf.submit(
                self._folder / f"run{len(self.earlier)}",
                executor=InlineExecutor(),
                store=self._store,
                force=force,
                force_tasks=[f"t{number}" for number in force_tasks],
                verify=verify,
                params={key: mapped_to(value, self.disk.folder) for key, value in self.given.items()},
            )
        self._submitted = dict(self._modules), dict(self._texts)
        self.run = self.oracle.submit(self.settings, self.given, forced, verify)
        self._compare()

    def retry(self, verify: bool) -> None:
        """Retry the newest run, by the code that was submitted."""
        assert self._real is not None
        assert self.run is not None
        self._modules, texts = dict(self._submitted[0]), self._submitted[1]
        sys.modules |= self._modules
        self._texts = dict(texts)
        self._write()
        with self._watched():
            self._real.retry(verify=verify)
        self.oracle.retry(self.run, verify)
        self._compare()

    def invalidate(self, number: int) -> None:
        assert self._real is not None
        assert self.run is not None
        opened = self._real._run
        forget(opened, to_forget(opened, [Scope(f"t{number}")]))
        self.oracle.invalidate(self.run, number)

    def close(self) -> None:
        for name in (FLOW, HELPERS):
            sys.modules.pop(name, None)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        self.oracle.calls, self.disk.calls = [], []
        cache_disk.here.append(self.disk)
        try:
            yield
        finally:
            cache_disk.here.clear()

    def _load(self) -> None:
        """Write the flow's files as the settings are, and import them, as a new process would."""
        texts = {HELPERS: helpers_source(self.settings), FLOW: flow_source(self.tasks, self.settings)}
        if texts == self._texts:
            return
        self._texts = texts
        self._write()
        for name, text in texts.items():
            file = self._folder / f"{name}.py"
            spec = importlib.util.spec_from_file_location(name, file)
            assert spec is not None
            module = self._modules[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
            exec(compile(text, file, "exec"), module.__dict__)

    def _write(self) -> None:
        for name, text in self._texts.items():
            (self._folder / f"{name}.py").write_text(text)

    def _compare(self) -> None:
        """Compare what was called, what became of each instance, and what it returned."""
        assert self._real is not None
        assert self.run is not None
        calls = Counter(self.disk.calls), Counter(self.oracle.calls)
        assert calls[0] == calls[1], f"not asked for: {calls[0] - calls[1]}, missed: {calls[1] - calls[0]}"
        states = {f"t{number}": _states(found) for number, found in self.run.tasks.items()}
        assert _real_states(self._real) == states
        for number in range(len(self.tasks)):
            values = {one.index: one.row.value for one in self.run.instances(number) if one.state in KEPT}
            real = {i: names_only(value) for i, value in self._real.results(f"t{number}").items()}
            assert real == values
            self._compare_from_scratch(number)
        self._count()

    def _compare_from_scratch(self, number: int) -> None:
        """Compare what is kept with what its function makes now of the same, where no file has a say in that."""
        assert self.run is not None
        for one in self.run.instances(number):
            if (
                one.state in KEPT
                and one.row is not None
                and not paths_of([*one.given.values(), one.row.value])
            ):
                figures["made from scratch"] += 1
                assert call(_Nowhere(), number, self.tasks[number], one.row.code, one.given) == one.row.value

    def _count(self) -> None:
        assert self.run is not None
        figures["submits and retries"] += 1
        figures[f"of {len(self.tasks)} tasks"] += 1
        figures["calls"] += len(self.disk.calls)
        for number in self.run.tasks:
            for one in self.run.instances(number):
                figures[one.state] += 1


class _Nowhere:
    """A place where nothing is broken, and no file is."""

    broken: ClassVar[set[int]] = set()

    def note(self, call: str) -> None: ...

    def read(self, path: Path) -> str:
        raise AssertionError(path)

    def write(self, name: str, text: str) -> Path:
        raise AssertionError(name)


def _first_value(name: str) -> Any:
    if name in TRACKS:
        return [Path("a"), Path("b")] if name == "several" else Path("a")
    return [0, 1] if name == "items" else 0


def mapped_to(value: Any, folder: Path) -> Any:
    return mapped(value, lambda path: folder / path)


def names_only(value: Any) -> Any:
    """Return a value with files told by name alone, as the oracle has them."""
    return mapped(value, lambda path: Path(path.name))


def _states(found: Any) -> Any:
    return found if isinstance(found, str) else [one.state for one in found]


def _real_states(run: RealRun) -> dict[str, Any]:
    ledger = run._run.ledger
    tasks = ledger.overview().tasks
    return {
        name: [one.state.value for one in ledger.instances(name)]
        if task.state.value == "expanded"
        else task.state.value
        for name, task in tasks.items()
    }
