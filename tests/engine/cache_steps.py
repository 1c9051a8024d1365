"""What happens to a flow and its files between submits: steps, each done to reflow and told to the oracle."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import cache_disk
from cache_flow import (
    PARAMETERS,
    TRACKS,
    Settings,
    Task,
    flow_source,
    helpers_source,
    mapped,
    parameter_key,
    told,
)
from cache_oracle import FAILED, KEPT, PENDING, Oracle, Run, names_only
from hypothesis import strategies as st

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
        self.originals = [
            {name: (f"{name}0", place.tick()) for name in INPUTS} for place in self.places
        ]
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
        self._count()

    def _count(self) -> None:
        assert self.run is not None
        figures["submits and retries"] += 1
        figures[f"of {len(self.tasks)} tasks"] += 1
        figures["calls"] += len(self.disk.calls)
        for number in self.run.tasks:
            for one in self.run.instances(number):
                figures[one.state] += 1


def _first_value(name: str) -> Any:
    if name in TRACKS:
        return [Path("a"), Path("b")] if name == "several" else Path("a")
    return [0, 1] if name == "items" else 0


def mapped_to(value: Any, folder: Path) -> Any:
    return mapped(value, lambda path: folder / path)


def _states(found: Any) -> Any:
    return found if isinstance(found, str) else [one.state for one in found]


def _real_states(run: RealRun) -> dict[str, Any]:
    ledger = run._run.ledger
    tasks = ledger.overview().tasks
    return {
        name: [one.state.value for one in ledger.instances(name)] if task.state.value == "expanded" else task.state.value
        for name, task in tasks.items()
    }


class Given(NamedTuple):
    """A parameter is another one."""

    key: str
    value: Any

    def do(self, world: World) -> None:
        world.given[self.key] = self.value


class Back(NamedTuple):
    """The parameters are those of an earlier submit."""

    to: int

    def do(self, world: World) -> None:
        world.given = dict(world.earlier[self.to % len(world.earlier)])


class Written(NamedTuple):
    """What the flow's files say of a task is something else."""

    task: int
    what: str
    value: Any

    def do(self, world: World) -> None:
        world.settings[self.task] = world.settings[self.task]._replace(**{self.what: self.value})


class Items(NamedTuple):
    """One thing is done to the items of a list."""

    how: str
    at: int
    item: int

    def do(self, world: World) -> None:
        items = list(world.given["items"])
        at = self.at % len(items) if items else 0
        if self.how == "add" or not items:
            items.insert(at, self.item)
        elif self.how == "remove":
            del items[at]
        elif self.how == "repeat":
            items.append(items[at])
        elif self.how == "swap":
            items[0], items[at] = items[at], items[0]
        else:
            items[at] = self.item
        world.given["items"] = items


class Breaks(NamedTuple):
    """A task is broken, or mended."""

    task: int

    def do(self, world: World) -> None:
        world.oracle.broken ^= {self.task}


class Meddle(NamedTuple):
    """Something is done to a file: to one of the inputs, or to the so manieth of those that tasks wrote."""

    how: str
    file: str | int

    def do(self, world: World) -> None:
        name = self.file if isinstance(self.file, str) else self._output(world)
        if name is not None:
            for place, originals in zip(world.places, world.originals, strict=True):
                meddle(place, self.how, name, originals.get(name))

    def _output(self, world: World) -> str | None:
        names = sorted(name for name in world.oracle.files.found if name not in INPUTS)
        return names[int(self.file) % len(names)] if names else None


def meddle(place: Any, how: str, name: str, original: tuple[str, int] | None) -> None:
    """Do something to a file, by the clock of its place; ``restore`` makes it as it was at first."""
    found = place.look(name)
    if how == "restore":
        if original:
            place.put(name, *original)
    elif found is None:
        place.put(name, "new", place.tick())
    elif how == "delete":
        place.remove(name)
    else:
        text, time = found
        other = ("y" if text.startswith("z") else "z") * len(text)
        new = {"touch": text, "edit": f"{text}!", "rewrite": other, "rewrite in secret": other}[how]
        place.put(name, new, time if how == "rewrite in secret" else place.tick())


class Invalidate(NamedTuple):
    """The results of a task are forgotten."""

    task: int

    def do(self, world: World) -> None:
        if world.run is not None:
            world.invalidate(self.task)


class Submit(NamedTuple):
    force: bool = False
    force_tasks: tuple[int, ...] = ()
    verify: bool = False

    def __repr__(self) -> str:
        return told(self)

    def do(self, world: World) -> None:
        world.submit(*self)


class Retry(NamedTuple):
    """A retry of the newest run, where something has failed; else a submit."""

    verify: bool = True

    def do(self, world: World) -> None:
        if world.run is not None and world.run.has_failed:
            world.retry(self.verify)
        else:
            world.submit(False, (), False)


WAYS = ["touch", "edit", "rewrite", "rewrite in secret", "delete", "delete", "restore"]


@st.composite
def sequences(draw: Any, tasks: tuple[Task, ...]) -> list[Any]:
    """Draw a submit, and two to four episodes of changes, submits and retries after it."""
    steps: list[Any] = [Submit()]
    for _ in range(draw(st.integers(2, 4))):
        steps += draw(st.one_of(_any_changes(tasks), _failure(tasks), _clean_up(tasks), _there_and_back(tasks)))
    return steps


@st.composite
def _any_changes(draw: Any, tasks: tuple[Task, ...]) -> list[Any]:
    """Some changes, and whatever may follow."""
    return [*draw(st.lists(_changes(tasks), max_size=3)), draw(_ends(tasks))]


@st.composite
def _failure(draw: Any, tasks: tuple[Task, ...]) -> list[Any]:
    """Something fails, and is retried when it is mended, files being as they then are."""
    broken = Breaks(draw(_number(tasks)))
    submit = draw(st.sampled_from([Submit(force=True), Submit(force_tasks=(broken.task,)), Submit()]))
    before = draw(st.lists(_changes(tasks), min_size=1, max_size=2))
    meanwhile = draw(st.lists(_meddling(tasks), max_size=2))
    return [broken, *before, submit, *meanwhile, broken, Retry(draw(st.booleans()) or draw(st.booleans()))]


@st.composite
def _clean_up(draw: Any, tasks: tuple[Task, ...]) -> list[Any]:
    """Outputs are taken away, and some tasks run that may need them."""
    gone = draw(st.lists(st.builds(Meddle, st.just("delete"), st.integers(0, 11)), min_size=1, max_size=3))
    change = draw(_changes(tasks))
    force_tasks = draw(st.sampled_from([(), (draw(_number(tasks)),)]))
    submit = Submit(force_tasks=force_tasks, verify=draw(st.booleans()))
    return [*gone, change, submit, *draw(st.sampled_from([[], [Retry()]]))]


@st.composite
def _there_and_back(draw: Any, tasks: tuple[Task, ...]) -> list[Any]:
    """Something is another way for one run, forced or not, and as it was for the next ones."""
    number = draw(_number(tasks))
    what, then, now = draw(st.sampled_from([("version", 1, 0), ("code", 1, 0), ("helper", 1, 0), ("cache", False, True)]))
    there, back = Written(number, what, then), Written(number, what, now)
    if draw(st.booleans()):
        there, back = draw(_changes(tasks)), Back(-2)
    forces = draw(st.lists(st.booleans(), min_size=2, max_size=2))
    return [there, Submit(force=forces[0]), back, Submit(force=forces[1]), Submit()]


def _number(tasks: tuple[Task, ...]) -> st.SearchStrategy[int]:
    return st.integers(0, len(tasks) - 1)


def _meddling(tasks: tuple[Task, ...]) -> st.SearchStrategy[Any]:
    ways = st.sampled_from(WAYS)
    found = [st.builds(Meddle, ways, st.integers(0, 11))]
    if any(name in TRACKS for task in tasks for name in task.parameters):
        found.append(st.builds(Meddle, ways, st.sampled_from(INPUTS)))
    return st.one_of(found)


def _changes(tasks: tuple[Task, ...]) -> st.SearchStrategy[Any]:
    task = _number(tasks)
    used = sorted({parameter_key(name, n) for n, task in enumerate(tasks) for name in task.parameters})
    found = [
        st.builds(Written, task, st.sampled_from(["version", "code", "helper", "comment"]), st.integers(0, 2)),
        st.builds(Written, task, st.just("cache"), st.booleans()),
        st.builds(Breaks, task),
        _meddling(tasks),
        _meddling(tasks),
        st.builds(Invalidate, task),
        st.builds(Back, st.integers(0, 9)),
    ]
    if used:
        found += [st.sampled_from(used).flatmap(lambda key: st.builds(Given, st.just(key), _values(key)))] * 2
    if "items" in used:
        ways = st.sampled_from(["add", "remove", "repeat", "swap", "change"])
        found += [st.builds(Items, ways, st.integers(0, 3), st.integers(0, 3))] * 4
    return st.one_of(found)


def _ends(tasks: tuple[Task, ...]) -> st.SearchStrategy[Any]:
    some = st.sets(st.integers(0, len(tasks) - 1), min_size=1, max_size=2).map(lambda s: tuple(sorted(s)))
    return st.one_of(
        st.just(Submit()),
        st.just(Submit(verify=True)),
        st.builds(Submit, st.just(False), some, st.booleans()),
        st.just(Submit(force=True)),
        st.just(Retry()),
        st.builds(Retry, st.booleans()),
    )


def _values(key: str) -> st.SearchStrategy[Any]:
    file = st.sampled_from(INPUTS).map(Path)
    if key == "several":
        return st.lists(file, max_size=2)
    if key in TRACKS:
        return file
    return st.lists(st.integers(0, 3), max_size=3) if key == "items" else st.integers(0, 2)
