"""What happens to a flow and its files between submits, and how such stories are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from cache_flow import TRACKS, Task, parameter_key, told
from cache_world import INPUTS, World
from hypothesis import strategies as st


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
    """Something is done to a file: an input, or the so manieth that tasks wrote; or to all of one task (``t2``)."""

    how: str
    file: str | int

    def do(self, world: World) -> None:
        for name in self._names(world):
            for place, originals in zip(world.places, world.originals, strict=True):
                meddle(place, self.how, name, originals.get(name))

    def _names(self, world: World) -> list[str]:
        if self.file in INPUTS:
            return [str(self.file)]
        names = sorted(world.oracle.files.names - {*INPUTS})
        if isinstance(self.file, str):
            return [name for name in names if name.startswith(f"{self.file}-")]
        return [names[self.file % len(names)]] if names else []


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
        steps += draw(
            st.one_of(_any_changes(tasks), _failure(tasks), _clean_up(tasks), _there_and_back(tasks))
        )
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
    before = draw(st.lists(_changes(tasks), max_size=2))
    meanwhile = draw(st.lists(_meddling(tasks), max_size=2))
    steps = [broken, *before, submit, *meanwhile, broken, Retry(draw(st.booleans()))]
    sources = [source for take in tasks[broken.task].takes for source, _ in take.parts]
    also = draw(st.sampled_from(["nothing", "what it takes", "an input, for the retry alone"]))
    if also == "what it takes" and sources:
        steps.insert(-1, Meddle(draw(st.sampled_from(WAYS)), f"t{draw(st.sampled_from(sources))}"))
    elif also == "an input, for the retry alone":
        file = draw(st.sampled_from(["a", "b"]))
        steps.insert(0, Meddle("restore", file))
        steps.insert(-1, Meddle("edit", file))
        steps += [Meddle("restore", file), Submit()]
    return steps


@st.composite
def _clean_up(draw: Any, tasks: tuple[Task, ...]) -> list[Any]:
    """Outputs are taken away, and some tasks run that may need them."""
    which = st.one_of(st.integers(0, 11), _number(tasks).map(lambda number: f"t{number}"))
    gone = draw(st.lists(st.builds(Meddle, st.just("delete"), which), min_size=1, max_size=3))
    change = draw(_changes(tasks))
    force_tasks = draw(st.sampled_from([(), (draw(_number(tasks)),)]))
    submit = Submit(force_tasks=force_tasks, verify=draw(st.booleans()))
    return [*gone, change, submit, *draw(st.sampled_from([[], [Retry()]]))]


@st.composite
def _there_and_back(draw: Any, tasks: tuple[Task, ...]) -> list[Any]:
    """Something is another way for one run, forced or not, and as it was for the next ones."""
    number = draw(_number(tasks))
    what, then, now = draw(
        st.sampled_from([("version", 1, 0), ("code", 1, 0), ("helper", 1, 0), ("cache", False, True)])
    )
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
        st.builds(
            Written, task, st.sampled_from(["version", "code", "helper", "comment"]), st.integers(0, 2)
        ),
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
